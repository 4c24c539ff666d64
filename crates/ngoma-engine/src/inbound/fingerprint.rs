//! How a message without a provider's id is known when it comes again: by a hash of what it says.

#![cfg_attr(
    not(test),
    expect(dead_code, reason = "duplicates are known by the provider's id only yet")
)]

use ngoma_message::{Address, SessionEvent, Timestamp};
use sha2::{Digest, Sha256};

/// A hash of a message, short enough for an index.
pub(crate) type Fingerprint = [u8; 16];

/// What makes a message this one and no other.
///
/// Without the provider's timestamp a person who says the same twice says it with one fingerprint: then it holds good for
/// no longer than a provider's retry, and not in a session, where one key may well be pressed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival<'a> {
    /// The channel it came by.
    pub(crate) channel: i64,
    /// Who sent it.
    pub(crate) from: &'a Address,
    /// Whom it is for.
    pub(crate) to: &'a Address,
    /// The gateway's id of the session and the place in it.
    pub(crate) session: Option<(&'a str, &'a SessionEvent)>,
    /// The text.
    pub(crate) content: Option<&'a str>,
    /// When it was sent, in the provider's words read as a time.
    pub(crate) sent_at: Option<Timestamp>,
}

/// Begins every hash. It changes with the way of hashing, so that old fingerprints are never taken for new ones.
const FORM: &[u8] = b"ngoma inbound 1";

impl Arrival<'_> {
    /// The message's fingerprint.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new_with_prefix(FORM);
        hash.update(self.channel.to_be_bytes());
        for address in [self.from, self.to] {
            add(&mut hash, Some(address.scheme()));
            add(&mut hash, Some(address.value()));
        }
        add(&mut hash, self.session.map(|(key, _)| key));
        add(&mut hash, self.session.map(|(_, event)| event.as_str()));
        add(&mut hash, self.content);
        hash.update([u8::from(self.sent_at.is_some())]);
        hash.update(self.sent_at.map_or(0, Timestamp::micros).to_be_bytes());
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&hash.finalize()[..16]);
        fingerprint
    }
}

/// Adds a field with its length, so that no two messages run together into the same bytes.
fn add(hash: &mut Sha256, field: Option<&str>) {
    hash.update([u8::from(field.is_some())]);
    let bytes = field.unwrap_or_default().as_bytes();
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fingerprint_stays_the_same_from_version_to_version() {
        let arrival = Arrival {
            channel: 7,
            from: &Address::new("tel", "+27831234567"),
            to: &Address::new("tel", "32323"),
            session: Some(("s-1", &SessionEvent::New)),
            content: Some("JOIN"),
            sent_at: Some(Timestamp::from_micros(1_795_422_600_000_000)),
        };
        let hex: String = arrival.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "f4931db5b824329e6d9580d5bd2eee81");
    }

    /// All fields of a message, as owned values.
    type Fields = (i64, [String; 4], Option<(String, String)>, Option<String>, Option<i64>);

    fn fingerprint((channel, [scheme, from, to_scheme, to], session, content, sent_at): &Fields) -> Fingerprint {
        let event = session.as_ref().map(|(_, event)| SessionEvent::from(event.as_str()));
        let arrival = Arrival {
            channel: *channel,
            from: &Address::new(scheme, from),
            to: &Address::new(to_scheme, to),
            session: session.as_ref().map(|(key, _)| key.as_str()).zip(event.as_ref()),
            content: content.as_deref(),
            sent_at: sent_at.map(Timestamp::from_micros),
        };
        arrival.fingerprint()
    }

    /// Few letters and short texts, so that fields often differ only in where one ends and the next begins.
    fn some_fields() -> impl Strategy<Value = Fields> {
        let text = || "[ab]{0,2}";
        (
            0_i64..2,
            [text(), text(), text(), text()],
            prop::option::of((text(), text())),
            prop::option::of(text()),
            prop::option::of(0_i64..2),
        )
    }

    proptest! {
        #[test]
        fn messages_have_the_same_fingerprint_exactly_when_they_are_the_same(one in some_fields(), other in some_fields()) {
            prop_assert_eq!(one == other, fingerprint(&one) == fingerprint(&other));
            prop_assert_eq!(fingerprint(&one), fingerprint(&one.clone()));
        }

        #[test]
        fn any_one_field_changes_it(fields in some_fields(), which in 0_usize..8) {
            let mut changed = fields.clone();
            match which {
                0 => changed.0 += 1,
                1..=4 => changed.1[which - 1].push('c'),
                5 => changed.2 = changed.2.is_none().then(|| (String::new(), String::new())),
                6 => changed.3 = changed.3.is_none().then(String::new),
                _ => changed.4 = changed.4.is_none().then_some(0),
            }
            prop_assert_ne!(fingerprint(&fields), fingerprint(&changed));
        }
    }
}
