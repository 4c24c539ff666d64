//! A person's message as services and web hooks are told it.

use crate::store::InboundMessage;
use crate::vumi_bus::Notes;
use ngoma_message::{Message, SessionEvent, vumi};
use serde_json::Value;

/// The message in Vumi's form; `told` is its session event.
pub(crate) fn as_vumi(
    inbound: &InboundMessage,
    channel: &str,
    transport_type: Option<&str>,
    told: Option<&SessionEvent>,
) -> Value {
    let mut message = Message::new(inbound.id.clone(), inbound.created_at);
    message.from = Some(inbound.from.clone());
    message.to = Some(inbound.to.clone());
    message.content = inbound.content.clone();
    message.session_event = told.cloned();
    message.channel = Some(channel.to_owned());
    message.transport_type = transport_type.map(str::to_owned);
    message.provider = inbound
        .transport_metadata
        .get("provider")
        .and_then(Value::as_str)
        .map(str::to_owned);
    message
        .routing_metadata
        .insert("endpoint_name".into(), "default".into());
    message.transport_metadata = inbound.transport_metadata.clone();
    Notes::take_from(&mut message.transport_metadata).tell(&mut message);
    vumi::message_to_json(&message)
}
