//! A web hook's receiver on the loopback interface.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// What the receiver does with a call. When its script is at the end it answers 200.
#[derive(Clone, Debug)]
pub enum Does {
    Answers(u16),
    Redirects(String),
    /// Never answers.
    Hangs,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Book {
    calls: Vec<Call>,
    script: VecDeque<Does>,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    book: Arc<Mutex<Book>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let book = Arc::default();
        let routes = Router::new().route("/hook", any(answer)).with_state(Arc::clone(&book));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, book }
    }

    /// Adds to the end of the script.
    pub fn then(&self, does: &[Does]) {
        self.book.lock().unwrap().script.extend(does.iter().cloned());
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.book.lock().unwrap().calls.clone()
    }
}

async fn answer(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> Response {
    let does = {
        let mut book = book.lock().unwrap();
        book.calls.push(Call {
            headers,
            body: body.to_vec(),
        });
        book.script.pop_front()
    };
    match does {
        None => StatusCode::OK.into_response(),
        Some(Does::Answers(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Does::Redirects(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Does::Hangs) => std::future::pending().await,
    }
}
