//! A provider on the loopback interface: it records every request and answers from a script.

pub use crate::loopback::Recorded;

use crate::loopback::{Loopback, Reply, respond};
use http::Response;
use http_body_util::Full;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A running fake provider; it stops when dropped.
pub struct FakeProvider {
    server: Loopback,
    book: Arc<Mutex<Book>>,
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

impl FakeProvider {
    /// Starts a provider on a free port.
    pub async fn start() -> io::Result<Self> {
        let book = Arc::<Mutex<Book>>::default();
        let taken = Arc::clone(&book);
        let server = Loopback::start(move |request| {
            let scripted = lock(&taken).take(request);
            async { answer(scripted) }
        });
        let server = server.await?;
        Ok(Self { server, book })
    }

    /// Its address, `http://127.0.0.1:PORT`, followed by a path.
    pub fn url(&self, path: &str) -> String {
        self.server.url(path)
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

impl Book {
    fn take(&mut self, request: Recorded) -> Scripted {
        self.requests.push(request);
        let scripted = self.script.pop_front();
        scripted.unwrap_or(Scripted::Answer(200, "{}".to_owned()))
    }
}

fn answer(scripted: Scripted) -> io::Result<Reply> {
    match scripted {
        Scripted::Answer(status, body) => respond(status, body),
        Scripted::Redirect(location) => {
            let response = Response::builder().status(302).header("location", location);
            response.body(Full::default()).map_err(io::Error::other)
        }
        Scripted::HangUp => Err(io::Error::other("the script says to hang up")),
    }
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
