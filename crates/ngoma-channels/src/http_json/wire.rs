//! The JSON an SMS provider and an `http_json` channel exchange.

use crate::json_body::{optional, read, required};
use crate::refusal::Refusal;
use ngoma_engine::channel::{ChannelContext, Inbound, Outbound, Receipt, ReceiptFor};
use ngoma_message::{Address, DeliveryStatus, MessageId, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest message id, in characters.
const LONGEST_ID: usize = 128;
/// The longest `from` and `to`, in characters.
const LONGEST_ADDRESS: usize = 64;
/// The longest text, in characters: the 255 segments of 153 characters an SMS can have.
const LONGEST_CONTENT: usize = 255 * 153;
/// The longest reason of a receipt, in characters.
const LONGEST_REASON: usize = 500;

/// ```json
/// {"message_id":"p-52","from":"0831234567","to":"31022","content":"JOIN"}
/// ```
#[derive(Debug, Deserialize)]
struct MessageIn {
    message_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    content: Option<String>,
}

/// ```json
/// {"message_id":"0193583ffb1c7a0ea2d94b6c0a3f5e11"}
/// ```
#[derive(Debug, Serialize)]
pub struct MessageTaken {
    /// The id the message is stored under.
    pub message_id: String,
}

/// ```json
/// {"message_id":"0193583ffb1c7a0ea2d94b6c0a3f5e12","from":"31022","to":"+27831234567","content":"Welcome."}
/// ```
#[derive(Debug, Serialize)]
pub struct MessageOut<'a> {
    message_id: &'a str,
    from: Option<&'a str>,
    to: &'a str,
    content: &'a str,
}

/// ```json
/// {"provider_id":"p-53"}
/// ```
#[derive(Debug, Default, Deserialize)]
struct Accepted {
    provider_id: Option<Value>,
}

/// ```json
/// {"message_id":"0193583ffb1c7a0ea2d94b6c0a3f5e12","status":"failed","reason":"absent subscriber"}
/// ```
#[derive(Debug, Deserialize)]
struct ReceiptIn {
    message_id: Option<String>,
    provider_id: Option<String>,
    status: Option<String>,
    reason: Option<String>,
}

/// ```json
/// {"result":"recorded"}
/// ```
#[derive(Debug, Serialize)]
pub struct ReceiptTaken {
    /// `recorded`; `unchanged` when the message had this status or a later one already; `held` when no message is known by
    /// that id yet.
    pub result: &'static str,
}

/// Reads a message from the provider.
pub fn read_message(body: &[u8], ctx: &ChannelContext) -> Result<Inbound, Refusal> {
    let message: MessageIn = read(body)?;
    let provider_id = required("message_id", message.message_id, LONGEST_ID)?;
    let from = required("from", message.from, LONGEST_ADDRESS)?;
    let to = optional("to", message.to, LONGEST_ADDRESS)?.or_else(|| ctx.address.clone());
    let Some(to) = to.filter(|to| !to.is_empty()) else {
        return Err(Refusal::field(
            "to",
            "is required: the channel has no address of its own",
        ));
    };
    // An empty SMS is a message too.
    let Some(content) = optional("content", message.content, LONGEST_CONTENT)? else {
        return Err(Refusal::field("content", "is required"));
    };
    Ok(Inbound {
        id: MessageId::generate(),
        provider_id: Some(provider_id),
        sent_at: None,
        part: None,
        from: Address::tel(&from, ctx.country),
        to: Address::tel(&to, ctx.country),
        content: Some(content),
        session: None,
        answer_within: None,
        transport_metadata: Object::new(),
    })
}

/// A message as the provider gets it; who it is from is the channel's address unless it says otherwise.
pub fn write_message<'a>(message: &'a Outbound, ctx: &'a ChannelContext) -> MessageOut<'a> {
    MessageOut {
        message_id: message.id.as_str(),
        from: message.from.as_ref().map(Address::value).or(ctx.address.as_deref()),
        to: message.to.value(),
        content: &message.content,
    }
}

/// The provider's id in the answer to a message it took; whatever else the body holds is no concern of ours.
pub fn read_provider_id(body: &[u8]) -> Option<String> {
    let accepted: Accepted = serde_json::from_slice(body).unwrap_or_default();
    match accepted.provider_id? {
        Value::String(id) if !id.is_empty() => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Reads a receipt from the provider.
pub fn read_receipt(body: &[u8]) -> Result<Receipt, Refusal> {
    let receipt: ReceiptIn = read(body)?;
    let about = match (receipt.message_id, receipt.provider_id) {
        (None, None) => return Err(Refusal::field("message_id", "is required, or provider_id instead")),
        (None, provider_id) => ReceiptFor::ProviderId(required("provider_id", provider_id, LONGEST_ID)?),
        (message_id, _) => ReceiptFor::MessageId(required("message_id", message_id, LONGEST_ID)?.into()),
    };
    let status = match required("status", receipt.status, LONGEST_ID)?.as_str() {
        "delivered" => DeliveryStatus::Delivered,
        "failed" => DeliveryStatus::Failed,
        _ => return Err(Refusal::field("status", "must be delivered or failed")),
    };
    let reason = optional("reason", receipt.reason, LONGEST_REASON)?;
    Ok(Receipt { about, status, reason })
}
