//! Whom the carrier tells of receipts and messages: a channel's door in this process, or its web hook in another.

use super::ledger::ReceiptResult;
use super::link::{self, Link};
use crate::http::JsonClient;
use ngoma_engine::channel::{Door, Inbound, Receipt, ReceiptFor, ReceiveError, Received, Reported};
use ngoma_message::{Address, DeliveryStatus, MessageId, Object};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long a carrier waits for the answer of a web hook or over a link.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The other side.
#[derive(Clone)]
pub(super) enum Listener {
    /// The engine's door, as a channel has it.
    Door(Arc<dyn Door>),
    /// The address of a channel's web hook.
    WebHook(JsonClient),
    /// A link of a channel in another process.
    Link(Link),
}

/// A message from a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FromPerson {
    pub provider_id: String,
    pub from: String,
    pub to: String,
    pub text: String,
}

impl Listener {
    /// Sends a receipt, once.
    pub async fn report(&self, receipt: &Receipt) -> ReceiptResult {
        match self {
            Listener::Door(door) => match door.report(receipt.clone()).await {
                Ok(Reported::Recorded(_)) => ReceiptResult::Recorded,
                Ok(Reported::Unchanged) => ReceiptResult::Unchanged,
                Ok(Reported::Held) => ReceiptResult::Held,
                Err(ReceiveError::UnknownMessage) => ReceiptResult::Unknown,
                Err(ReceiveError::Unavailable(_)) => ReceiptResult::Unavailable,
            },
            Listener::WebHook(hook) => post_receipt(hook, receipt).await,
            Listener::Link(link) => {
                let told = tokio::time::timeout(ANSWER_WITHIN, link::report(link, receipt)).await;
                told.ok().flatten().unwrap_or(ReceiptResult::Unavailable)
            }
        }
    }

    /// Sends a message, once; the id it is stored under, if it is.
    pub async fn hand_over(&self, message: &FromPerson) -> Option<String> {
        match self {
            Listener::Door(door) => {
                let inbound = inbound(message);
                let id = inbound.id.clone();
                match door.receive(inbound).await.ok()? {
                    Received::Stored | Received::Held => Some(id.to_string()),
                    Received::Duplicate(first) => Some(first.to_string()),
                }
            }
            Listener::WebHook(hook) => post_message(hook, message).await,
            Listener::Link(link) => {
                let told = tokio::time::timeout(ANSWER_WITHIN, link::hand_over(link, message)).await;
                told.ok().flatten()
            }
        }
    }

    /// Whether it will never listen again.
    pub fn is_gone(&self) -> bool {
        matches!(self, Listener::Link(link) if link.is_gone())
    }
}

/// What a receipt says in the words of the wire.
pub(super) fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Failed => "failed",
        DeliveryStatus::Pending => "pending",
    }
}

async fn post_receipt(hook: &JsonClient, receipt: &Receipt) -> ReceiptResult {
    let status = word(receipt.status);
    let body = match &receipt.about {
        ReceiptFor::MessageId(id) => json!({ "message_id": id.as_str(), "status": status }),
        ReceiptFor::ProviderId(id) => json!({ "provider_id": id, "status": status }),
    };
    let Ok(Ok(answer)) = tokio::time::timeout(ANSWER_WITHIN, hook.post("/receipt", &body)).await else {
        return ReceiptResult::Unavailable;
    };
    match answer.status {
        200 if answer.json()["result"] == "recorded" => ReceiptResult::Recorded,
        200 if answer.json()["result"] == "held" => ReceiptResult::Held,
        200 => ReceiptResult::Unchanged,
        404 => ReceiptResult::Unknown,
        _ => ReceiptResult::Unavailable,
    }
}

async fn post_message(hook: &JsonClient, message: &FromPerson) -> Option<String> {
    let body = json!({
        "message_id": message.provider_id,
        "from": message.from,
        "to": message.to,
        "content": message.text,
    });
    let answer = tokio::time::timeout(ANSWER_WITHIN, hook.post("", &body)).await;
    let answer = answer.ok()?.ok()?;
    let id = answer.json()["message_id"].as_str().map(str::to_owned);
    id.filter(|_| answer.status == 200)
}

fn inbound(message: &FromPerson) -> Inbound {
    Inbound {
        id: MessageId::generate(),
        provider_id: Some(message.provider_id.clone()),
        sent_at: None,
        part: None,
        from: Address::tel(&message.from, None),
        to: Address::tel(&message.to, None),
        content: Some(message.text.clone()),
        session: None,
        answer_within: None,
        transport_metadata: Object::new(),
    }
}
