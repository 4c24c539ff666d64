//! A provider on the loopback interface: it records every request and answers from a script.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running fake provider; it stops when dropped.
pub struct FakeProvider {
    url: String,
    book: Arc<Mutex<Book>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Book {
    script: VecDeque<Scripted>,
    requests: Vec<Recorded>,
}

/// What the provider does with one request. When the script is at its end it answers 200 with `{}`.
#[derive(Clone, Debug)]
pub enum Scripted {
    /// Answers with this status and body.
    Answer(u16, String),
    /// Redirects to this address.
    Redirect(String),
    /// Reads the request and closes the connection without an answer.
    HangUp,
}

/// A request as the provider got it.
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

impl FakeProvider {
    /// Starts a provider on a free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let book = Arc::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&book)));
        Ok(Self { url, book, accepting })
    }

    /// Its address, `http://127.0.0.1:PORT`, followed by a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Adds to the end of the script.
    pub fn then(&self, scripted: Scripted) {
        lock(&self.book).script.push_back(scripted);
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.book).requests.clone()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, book: Arc<Mutex<Book>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&book)));
    }
}

async fn serve(stream: TcpStream, book: Arc<Mutex<Book>>) {
    let service = service_fn(|request| answer(request, &book));
    // A connection that ends badly is part of some scripts, and the tests see it from the other side.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Incoming>, book: &Mutex<Book>) -> io::Result<Response<Full<Bytes>>> {
    let recorded = record(request).await?;
    let scripted = {
        let mut book = lock(book);
        book.requests.push(recorded);
        book.script.pop_front()
    };
    let response = Response::builder();
    let built = match scripted.unwrap_or(Scripted::Answer(200, "{}".to_owned())) {
        Scripted::Answer(status, body) => response.status(status).body(body.into()),
        Scripted::Redirect(location) => response.status(302).header("location", location).body(Full::default()),
        Scripted::HangUp => return Err(io::Error::other("the script says to hang up")),
    };
    built.map_err(io::Error::other)
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

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::JsonClient;
    use serde_json::json;

    #[tokio::test]
    async fn requests_are_recorded_and_answered_from_the_script() {
        let provider = FakeProvider::start().await.expect("a free port");
        provider.then(Scripted::Answer(503, r#"{"error":"later"}"#.to_owned()));
        provider.then(Scripted::HangUp);
        let client = JsonClient::new(provider.url(""));

        let answer = client
            .post("/send?to=1", &json!({"content": "hi"}))
            .await
            .expect("an answer");
        assert_eq!((answer.status, answer.json()), (503, json!({"error": "later"})));
        client.post("/send", &json!({})).await.expect_err("it hangs up");
        let answer = client.get("/").await.expect("an answer");
        assert_eq!((answer.status, answer.json()), (200, json!({})));

        let requests = provider.requests();
        let lines: Vec<_> = requests
            .iter()
            .map(|request| format!("{} {}", request.method, request.path))
            .collect();
        assert_eq!(lines, ["POST /send?to=1", "POST /send", "GET /"]);
        assert_eq!(requests[0].json(), json!({"content": "hi"}));
        assert_eq!(requests[0].headers["content-type"], "application/json");
    }
}
