//! Takes messages and receipts from the provider, and posts messages to it.

use super::config::HttpJsonConfig;
use super::outcome::judge;
use super::wire::{self, MessageTaken, ReceiptTaken};
use crate::refusal::{Refusal, no_such_path, only_post};
use crate::secret::{self, SECRET_HEADER};
use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use ngoma_engine::channel::{
    ChannelContext, Outbound, ReceiveError, Received, Reported, SendError, SendErrorKind, Sent, Transport,
};
use ngoma_engine::service::HttpRequest;
use std::sync::Arc;
use std::time::Duration;

/// How long the provider may take to answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// A running `http_json` channel.
pub struct HttpJsonTransport {
    line: Arc<Line>,
}

struct Line {
    config: HttpJsonConfig,
    ctx: ChannelContext,
}

impl HttpJsonTransport {
    /// A channel with these settings.
    pub fn new(config: HttpJsonConfig, ctx: ChannelContext) -> Self {
        Self {
            line: Arc::new(Line { config, ctx }),
        }
    }
}

#[async_trait]
impl Transport for HttpJsonTransport {
    fn routes(&self) -> Router {
        Router::new()
            .route("/", post(take_message).fallback(only_post))
            .route("/receipt", post(take_receipt).fallback(only_post))
            .fallback(no_such_path)
            .with_state(Arc::clone(&self.line))
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        judge(self.line.ctx.http.call(self.line.request(message)?).await)
    }
}

async fn take_message(
    State(line): State<Arc<Line>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<MessageTaken>, Refusal> {
    secret::check(line.config.secret.as_ref(), &headers)?;
    let inbound = wire::read_message(&body?, &line.ctx)?;
    let id = inbound.id.clone();
    let id = match line.ctx.door.receive(inbound).await? {
        Received::Stored | Received::Held => id,
        Received::Duplicate(first) => first,
    };
    Ok(Json(MessageTaken {
        message_id: id.to_string(),
    }))
}

async fn take_receipt(
    State(line): State<Arc<Line>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ReceiptTaken>, Refusal> {
    secret::check(line.config.secret.as_ref(), &headers)?;
    let receipt = wire::read_receipt(&body?)?;
    let result = match line.ctx.door.report(receipt).await {
        Ok(Reported::Recorded(_)) => "recorded",
        Ok(Reported::Unchanged) => "unchanged",
        Ok(Reported::Held) => "held",
        Err(ReceiveError::UnknownMessage) => {
            let error = "this channel has sent no message with this id";
            return Err(Refusal::new(StatusCode::NOT_FOUND, error));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(ReceiptTaken { result }))
}

impl Line {
    fn request(&self, message: &Outbound) -> Result<HttpRequest, SendError> {
        let Some(url) = &self.config.send_url else {
            let reason = "the channel only receives: set send_url in its config to send";
            return Err(SendError::new(SendErrorKind::Misconfigured, reason));
        };
        let body = serde_json::to_vec(&wire::write_message(message, &self.ctx))
            .expect("four texts are always written: no map keys, no failing types");
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        if let Some(secret) = &self.config.secret {
            headers.push((SECRET_HEADER.to_owned(), secret.reveal().to_owned()));
        }
        Ok(HttpRequest {
            method: "POST".to_owned(),
            url: url.clone(),
            headers,
            body: Some(body),
            response_limit: ANSWER_LIMIT,
            timeout: SEND_TIMEOUT,
            may_be_private: false,
        })
    }
}
