//! How a message without a provider's id is known when it comes again: by a hash of what it says.

use ngoma_message::{Address, SessionEvent, Timestamp};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::Duration;

/// How long a message is known by what it says and when it was sent.
const KNOWN_WITH_TIME: Duration = Duration::from_secs(3600);
/// How long one is known by what it says alone: as long as a provider takes to give up an answer and to ask again. A
/// person who says the same twice in this time is heard once.
const KNOWN_WITHOUT_TIME: Duration = Duration::from_secs(60);

/// What a message is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// A hash of it, as hexadecimal digits.
    pub(crate) hash: String,
    /// How long another with the same hash is this one come again.
    pub(crate) known_for: Duration,
}

/// What makes a message this one and no other.
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

/// As much of a hash as is kept: short enough for an index.
const HASH_BYTES: usize = 16;
/// Begins every hash. It changes with the way of hashing, so that old fingerprints are never taken for new ones.
const FORM: &[u8] = b"ngoma inbound 1";

impl Arrival<'_> {
    /// The message's fingerprint. Without the provider's timestamp there is none in a session, where one key may well be
    /// pressed twice.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let known_for = match (self.sent_at, self.session) {
            (Some(_), _) => KNOWN_WITH_TIME,
            (None, None) => KNOWN_WITHOUT_TIME,
            (None, Some(_)) => return None,
        };
        let hash = self.hash();
        Some(Fingerprint { hash, known_for })
    }

    fn hash(&self) -> String {
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
        let mut hex = String::with_capacity(2 * HASH_BYTES);
        for byte in &hash.finalize()[..HASH_BYTES] {
            // A text takes whatever is written.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
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
        assert_eq!(arrival.hash(), "f4931db5b824329e6d9580d5bd2eee81");
    }

    #[test]
    fn without_a_time_it_holds_for_a_retry_and_not_in_a_session() {
        let (person, us) = (Address::new("tel", "+1"), Address::new("tel", "2"));
        let check = |is_in_session: bool, sent_at: Option<i64>, seconds: Option<u64>| {
            let arrival = Arrival {
                channel: 7,
                from: &person,
                to: &us,
                session: is_in_session.then_some(("s", &SessionEvent::Resume)),
                content: Some("1"),
                sent_at: sent_at.map(Timestamp::from_micros),
            };
            let known_for = arrival.fingerprint().map(|print| print.known_for.as_secs());
            assert_eq!(known_for, seconds, "{is_in_session} {sent_at:?}");
        };
        check(false, Some(5), Some(3600));
        check(true, Some(5), Some(3600));
        check(false, None, Some(60));
        check(true, None, None);
    }

    /// All fields of a message, as owned values.
    type Fields = (i64, [String; 4], Option<(String, String)>, Option<String>, Option<i64>);

    fn hash((channel, [scheme, from, to_scheme, to], session, content, sent_at): &Fields) -> String {
        let event = session.as_ref().map(|(_, event)| SessionEvent::from(event.as_str()));
        let arrival = Arrival {
            channel: *channel,
            from: &Address::new(scheme, from),
            to: &Address::new(to_scheme, to),
            session: session.as_ref().map(|(key, _)| key.as_str()).zip(event.as_ref()),
            content: content.as_deref(),
            sent_at: sent_at.map(Timestamp::from_micros),
        };
        arrival.hash()
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
        fn messages_have_the_same_hash_exactly_when_they_are_the_same(one in some_fields(), other in some_fields()) {
            prop_assert_eq!(one == other, hash(&one) == hash(&other));
            prop_assert_eq!(hash(&one), hash(&one.clone()));
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
            prop_assert_ne!(hash(&fields), hash(&changed));
        }
    }
}
