//! An HTTP server on the loopback interface, for fakes: a function answers each request.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a request is answered.
pub type Reply = Response<Full<Bytes>>;

/// A running server; it takes no more connections when dropped.
pub struct Loopback {
    url: String,
    accepting: JoinHandle<()>,
}

/// A request as the server got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `POST`, …
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Headers by their name in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Recorded {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Loopback {
    /// Starts a server on a free port. An error instead of an answer closes the connection.
    pub async fn start<F, Answer>(answer: F) -> io::Result<Self>
    where
        F: Fn(Recorded) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = io::Result<Reply>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let accepting = tokio::spawn(accept(listener, Arc::new(answer)));
        Ok(Self { url, accepting })
    }

    /// Its address, `http://127.0.0.1:PORT`, followed by a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A response with this status and body.
pub fn respond(status: u16, body: impl Into<Bytes>) -> io::Result<Reply> {
    let response = Response::builder().status(status);
    response.body(Full::new(body.into())).map_err(io::Error::other)
}

async fn accept<F, Answer>(listener: TcpListener, answer: Arc<F>)
where
    F: Fn(Recorded) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = io::Result<Reply>> + Send + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&answer)));
    }
}

async fn serve<F, Answer>(stream: TcpStream, answer: Arc<F>)
where
    F: Fn(Recorded) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = io::Result<Reply>> + Send + 'static,
{
    let service = service_fn(|request| async { answer(record(request).await?).await });
    // A connection that ends badly is part of some scripts, and the tests see it from the other side.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn record(request: Request<Incoming>) -> io::Result<Recorded> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Recorded {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: headers.collect(),
        body: body.collect().await.map_err(io::Error::other)?.to_bytes().to_vec(),
    })
}
