//! Vumi's messages and events as the engine takes and gives them.

use ngoma_engine::channel::{
    ChannelContext, Inbound, InboundSession, LateAnswer, Noted, Outbound, Receipt, ReceiptFor, Sent, ToldIn,
};
use ngoma_engine::vumi_bus::Notes;
use ngoma_message::vumi::{self, WireError};
use ngoma_message::{Address, EventKind, Message, MessageId, SessionEvent, Timestamp};
use serde_json::{Value, json};

/// The longest address of a person, in characters.
const LONGEST_ADDRESS: usize = 256;

/// What an event says of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The transport has sent it, or not.
    Answer(LateAnswer),
    /// The network says what became of it.
    Receipt(Receipt),
}

/// Reads what a person sent. An id or an address that is missing makes it unreadable.
pub fn read_message(json: Value, ctx: &ChannelContext) -> Result<Inbound, String> {
    let message = vumi::message_from_json(json).map_err(|error| error.to_string())?;
    let Some(from) = &message.from else {
        return Err("from_addr: nobody sent it".to_owned());
    };
    if from.value().chars().nth(LONGEST_ADDRESS).is_some() {
        return Err(format!("from_addr: is longer than {LONGEST_ADDRESS} characters"));
    }
    let to = message.to.clone();
    let to = to.or_else(|| ctx.address.as_deref().map(|own| Address::new("tel", own)));
    let to = to.unwrap_or_else(|| Address::new("tel", ""));
    let mut noted = message.transport_metadata.clone();
    notes_of(&message).lay_into(&mut noted);
    Ok(Inbound {
        id: MessageId::generate(),
        provider_id: Some(message.id.to_string()),
        session: session_of(&message, from, &to),
        from: read_address(from, ctx),
        to: read_address(&to, ctx),
        content: message.content,
        sent_at: Some(message.timestamp),
        part: None,
        answer_within: None,
        transport_metadata: noted,
    })
}

/// Vumi names no session: a person has one with an address at a time.
fn session_of(message: &Message, from: &Address, to: &Address) -> Option<InboundSession> {
    let event = message.session_event.clone()?;
    Some(InboundSession {
        key: format!("{} {}", to.value(), from.value()),
        event,
    })
}

fn read_address(address: &Address, ctx: &ChannelContext) -> Address {
    match address.scheme() {
        "tel" => Address::tel(address.value(), ctx.country),
        _ => address.clone(),
    }
}

fn notes_of(message: &Message) -> Notes {
    let written = |address: &Option<Address>| address.as_ref().map(|address| address.value().to_owned());
    Notes {
        message_id: None,
        from_addr: written(&message.from),
        to_addr: written(&message.to),
        helper_metadata: message.helper_metadata.clone(),
        group: message.group.clone(),
        provider: message.provider.clone(),
    }
}

/// A message as the transport gets it. An answer has what came with the message it answers, as Vumi's own replies have;
/// `noted` is that, and nothing for a message that answers none.
pub fn write_message(
    outbound: &Outbound,
    noted: Option<Noted>,
    ctx: &ChannelContext,
    transport: (&str, &str),
    now: Timestamp,
) -> Value {
    let mut message = Message::new(outbound.id.clone(), now);
    let own = ctx.address.as_deref().map(|own| Address::new("tel", own));
    message.to = Some(outbound.to.clone());
    message.from = outbound.from.clone().or(own);
    message.content = Some(outbound.content.clone());
    // What goes on says nothing: null.
    message.session_event = outbound
        .session_event
        .clone()
        .filter(|event| *event == SessionEvent::Close);
    message.channel = Some(transport.0.to_owned());
    message.transport_type = Some(transport.1.to_owned());
    message
        .routing_metadata
        .insert("endpoint_name".to_owned(), json!("default"));
    if let Some(noted) = noted {
        answer(&mut message, noted);
    }
    let mut helper_metadata = outbound.helper_metadata.clone();
    Notes::take_from(&mut helper_metadata);
    message.helper_metadata.extend(helper_metadata);
    vumi::message_to_json(&message)
}

fn answer(message: &mut Message, mut noted: Noted) {
    let notes = Notes::take_from(&mut noted.transport_metadata);
    message.in_reply_to = noted.provider_id.map(MessageId::from);
    message.transport_metadata = noted.transport_metadata;
    message.helper_metadata = notes.helper_metadata;
    message.group = notes.group;
    message.provider = notes.provider;
    message.to = rewritten(message.to.take(), notes.from_addr);
    message.from = rewritten(message.from.take(), notes.to_addr);
}

/// An address as the transport wrote it itself.
fn rewritten(address: Option<Address>, written: Option<String>) -> Option<Address> {
    let Some(written) = written else { return address };
    let scheme = address.as_ref().map_or("tel", Address::scheme);
    Some(Address::new(scheme, written))
}

/// Reads what became of a message.
pub fn read_event(json: Value) -> Result<Said, WireError> {
    let event = vumi::event_from_json(json)?;
    let message = event.message_id;
    Ok(match event.kind {
        EventKind::Ack { sent_message_id } => Said::Answer(LateAnswer {
            message,
            result: Ok(Sent {
                provider_id: Some(sent_message_id),
            }),
            told_in: ToldIn::Answer,
        }),
        EventKind::Nack { reason } => Said::Answer(LateAnswer {
            message,
            result: Err(reason),
            told_in: ToldIn::Answer,
        }),
        EventKind::DeliveryReport(status) => Said::Receipt(Receipt {
            about: ReceiptFor::MessageId(message),
            status,
            reason: None,
        }),
    })
}
