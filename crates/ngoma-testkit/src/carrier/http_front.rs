//! The carrier as an HTTP provider, for the `http_json` channel of a server in another process.

use super::{Answer, Carrier, Decision, Submission};
use crate::loopback::{Loopback, Recorded, Reply, respond};
use serde::Deserialize;
use serde_json::json;
use std::io;

/// The running front; it takes no more connections when dropped.
pub struct HttpFront(Loopback);

/// ```json
/// {"message_id":"a-1","from":"31022","to":"+27831234567","content":"Welcome."}
/// ```
#[derive(Deserialize)]
struct Posted {
    message_id: String,
    from: Option<String>,
    to: String,
    content: String,
}

impl HttpFront {
    /// Where messages are posted to: the channel's `send_url`.
    pub fn submit_url(&self) -> String {
        self.0.url("/submit")
    }
}

impl Carrier {
    /// Serves this carrier on a free port of the loopback interface.
    pub async fn serve(&self) -> io::Result<HttpFront> {
        let carrier = self.clone();
        let server = Loopback::start(move |request| {
            let carrier = carrier.clone();
            async move { answer(&carrier, request).await }
        });
        Ok(HttpFront(server.await?))
    }
}

async fn answer(carrier: &Carrier, request: Recorded) -> io::Result<Reply> {
    if (request.method.as_str(), request.path.as_str()) != ("POST", "/submit") {
        return respond(404, "only POST /submit");
    }
    match serde_json::from_slice::<Posted>(&request.body) {
        Ok(posted) => reply(carrier.submit(posted.into()).await),
        Err(error) => respond(400, format!("not a message: {error}")),
    }
}

fn reply(decision: Decision) -> io::Result<Reply> {
    match decision.answer {
        Answer::Accepted => respond(200, json!({ "provider_id": decision.provider_id }).to_string()),
        Answer::ResponseLost => Err(io::Error::other("the response is lost")),
        Answer::Throttled => respond(429, "slower"),
        Answer::TemporaryError => respond(503, "not now"),
        Answer::PermanentError => respond(400, "refused"),
    }
}

impl From<Posted> for Submission {
    fn from(posted: Posted) -> Self {
        Self {
            message_id: posted.message_id,
            from: posted.from,
            to: posted.to,
            text: posted.content,
            part: None,
        }
    }
}
