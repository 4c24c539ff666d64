//! What a channel handed in, brought within the engine's bounds. Content never fails: what is too long is cut, and the
//! trace says so.

use crate::bounds::bound_id;
use crate::channel::Inbound;
use crate::trace::Trail;
use ngoma_message::Timestamp;

/// The most a channel may note for the service, in bytes of JSON.
const METADATA_BYTES: usize = 16 << 10;

/// Brings a message within bounds.
pub(super) fn decode(inbound: &mut Inbound, content_chars: usize, at: Timestamp, trail: &mut Trail) {
    if let Some(said) = inbound.content.as_mut().and_then(|content| cut(content, content_chars)) {
        trail.note(at, "decode", said);
    }
    bound_id(inbound.provider_id.as_mut());
    bound_id(inbound.session.as_mut().map(|session| &mut session.key));
    let metadata = serde_json::Value::Object(inbound.transport_metadata.clone());
    if !inbound.transport_metadata.is_empty() && metadata.to_string().len() > METADATA_BYTES {
        inbound.transport_metadata.clear();
        trail.note(
            at,
            "decode",
            format!("the channel's notes left out: more than {METADATA_BYTES} bytes"),
        );
    }
}

/// Cuts a text that is too long; says so if it was.
pub(crate) fn cut(content: &mut String, most_chars: usize) -> Option<String> {
    let (end, _) = content.char_indices().nth(most_chars)?;
    let whole = content.chars().count();
    content.truncate(end);
    Some(format!("text cut from {whole} to {most_chars} characters"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_message::{Address, MessageId, Object};

    #[test]
    fn what_is_too_long_is_cut_and_said() {
        let mut inbound = Inbound {
            id: MessageId::generate(),
            provider_id: Some("p".repeat(201)),
            sent_at: None,
            part: None,
            from: Address::new("tel", "+1"),
            to: Address::new("tel", "2"),
            content: Some("é".repeat(11)),
            session: None,
            answer_within: None,
            transport_metadata: Object::from_iter([("x".to_owned(), "y".repeat(METADATA_BYTES).into())]),
        };
        let mut trail = Trail::default();
        decode(&mut inbound, 10, Timestamp::from_micros(0), &mut trail);
        assert_eq!(inbound.content.unwrap(), "é".repeat(10));
        assert_eq!(inbound.provider_id.unwrap().len(), 64);
        assert!(inbound.transport_metadata.is_empty());
        assert!(trail.pack().contains("text cut from 11 to 10 characters"));
    }
}
