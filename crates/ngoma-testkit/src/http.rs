//! A small HTTP client for tests: JSON to a server by path, connections kept open.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::io;

/// A client of one server; cheap to clone, its clones share their connections.
#[derive(Clone)]
pub struct JsonClient {
    base: String,
    headers: Vec<(String, String)>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl JsonClient {
    /// A client of the server at this address, such as `http://127.0.0.1:8000`. It speaks plain HTTP only.
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            headers: Vec::new(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    /// The same client, sending one more header with each request.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> io::Result<Answer> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// Posts JSON to a path.
    pub async fn post(&self, path: &str, body: &Value) -> io::Result<Answer> {
        self.send(Method::POST, path, body.to_string().into()).await
    }

    /// Sends any body to a path. An error means that no whole answer came.
    pub async fn send(&self, method: Method, path: &str, body: Bytes) -> io::Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !body.is_empty() {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(io::Error::other)?;
        let response = self.client.request(request).await.map_err(io::Error::other)?;
        let (head, body) = response.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
        })
    }
}
