//! What is said on a link: submissions one way, receipts and messages the other.

use super::super::Submission;
use super::super::ledger::ReceiptResult;
use super::super::listener::{FromPerson, word};
use super::Link;
use ngoma_engine::channel::{Receipt, ReceiptFor};
use ngoma_message::DeliveryStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a channel asks its carrier.
///
/// ```json
/// {"submit":{"message_id":"a-1","from":"31022","to":"+27831234567","text":"Welcome."}}
/// ```
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OfChannel {
    Submit(Submission),
}

/// What a carrier tells a channel.
///
/// ```json
/// {"receipt":{"message_id":null,"provider_id":"1000001","status":"delivered"}}
/// {"message":{"provider_id":"mo-1","from":"+27831234567","to":"31022","text":"hello"}}
/// ```
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OfCarrier {
    Receipt(WireReceipt),
    Message(FromPerson),
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireReceipt {
    message_id: Option<String>,
    provider_id: Option<String>,
    status: String,
}

impl From<&Receipt> for WireReceipt {
    fn from(receipt: &Receipt) -> Self {
        let (message_id, provider_id) = match &receipt.about {
            ReceiptFor::MessageId(id) => (Some(id.to_string()), None),
            ReceiptFor::ProviderId(id) => (None, Some(id.clone())),
        };
        Self {
            message_id,
            provider_id,
            status: word(receipt.status).to_owned(),
        }
    }
}

impl From<WireReceipt> for Receipt {
    fn from(receipt: WireReceipt) -> Self {
        let by_our_id = receipt.message_id.map(|id| ReceiptFor::MessageId(id.as_str().into()));
        Self {
            about: by_our_id.unwrap_or_else(|| ReceiptFor::ProviderId(receipt.provider_id.unwrap_or_default())),
            status: match receipt.status.as_str() {
                "delivered" => DeliveryStatus::Delivered,
                "failed" => DeliveryStatus::Failed,
                _ => DeliveryStatus::Pending,
            },
            reason: None,
        }
    }
}

/// Sends a receipt over a link.
pub(in crate::carrier) async fn report(link: &Link, receipt: &Receipt) -> Option<ReceiptResult> {
    let answer = link.ask(json!(OfCarrier::Receipt(receipt.into()))).await?;
    serde_json::from_value(answer).ok()
}

/// Sends a message over a link; the id it is stored under, if it is.
pub(in crate::carrier) async fn hand_over(link: &Link, message: &FromPerson) -> Option<String> {
    match link.ask(json!(OfCarrier::Message(message.clone()))).await? {
        Value::String(id) => Some(id),
        _ => None,
    }
}
