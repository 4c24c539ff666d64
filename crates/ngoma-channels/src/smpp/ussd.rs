//! USSD over SMPP: a person's turns come as `deliver_sm` and the screens go as `submit_sm`, told apart by the parameters
//! `ussd_service_op` and `its_session_info` (SMPP 3.4 §5.3.2.44, §5.3.2.43), or by what a carrier has in their place.

use super::address;
use ngoma_engine::channel::{ChannelContext, Inbound, InboundSession, Noted};
use ngoma_message::{Address, MessageId, Object, SessionEvent, Timestamp};
use ngoma_smpp::pdu::ShortMessage;
use ngoma_smpp::tlv::{self, Tlvs};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Under what a turn's session is noted with its message.
const NOTE: &str = "smpp_ussd";
/// How many turns wait for their screens.
const MOST_WAITING: usize = 10_000;

/// The numbers of `ussd_service_op`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operations {
    /// A person dials: `PSSR indication`.
    pub begin: u8,
    /// A person answers: `USSR confirm`.
    pub input: u8,
    /// A person, or the network, ends it: `PSSD response`.
    pub hang_up: u8,
    /// A screen that waits for an input: `USSR request`.
    pub ask: u8,
    /// The last screen: `PSSR response`.
    pub end: u8,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            begin: 1,
            input: 18,
            hang_up: 16,
            ask: 2,
            end: 17,
        }
    }
}

/// How a channel's carrier does USSD.
#[derive(Clone, Debug)]
pub struct Ussd {
    /// The numbers of its operations.
    pub operations: Operations,
    /// Which parameter tells sessions apart.
    pub session_tag: u16,
    /// How long a service may take.
    pub deadline: Duration,
    /// What a person reads when it takes longer, or fails.
    pub fallback: String,
}

impl Ussd {
    /// Reads a turn.
    pub fn turn(&self, message: &ShortMessage, text: String, ctx: &ChannelContext) -> Inbound {
        let from = address::read(&message.source, ctx.country);
        let event = self.event(message, &text);
        let session = message
            .tlvs
            .get(self.session_tag)
            .map(|value| hex(value))
            .unwrap_or_default();
        let key = match self.session_tag {
            // The second octet counts the turns.
            tlv::ITS_SESSION_INFO => session.get(..2).unwrap_or(&session),
            _ => &session,
        };
        let key = format!("{}/{key}", from.value());
        let is_new = event == SessionEvent::New;
        let to = match is_new && is_code(&text) {
            true => Address::new("tel", text.as_str()),
            false => address::read(&message.destination, ctx.country),
        };
        let by = ctx.clock.now() + self.deadline;
        let note = json!({
            "session": session,
            "person": from.value(),
            "address": message.destination.address,
            "by": by.micros(),
        });
        Inbound {
            id: MessageId::generate(),
            provider_id: None,
            sent_at: None,
            part: None,
            from,
            to,
            content: (!is_new).then_some(text),
            answer_within: (event != SessionEvent::Close).then_some(self.deadline),
            session: Some(InboundSession { key, event }),
            transport_metadata: Object::from_iter([(NOTE.to_owned(), note)]),
        }
    }

    fn event(&self, message: &ShortMessage, text: &str) -> SessionEvent {
        let operation = message
            .tlvs
            .number(tlv::USSD_SERVICE_OP)
            .and_then(|number| u8::try_from(number).ok());
        let has_ended = self.session_tag == tlv::ITS_SESSION_INFO
            && message
                .tlvs
                .number(tlv::ITS_SESSION_INFO)
                .is_some_and(|info| info & 1 == 1);
        match operation {
            _ if has_ended => SessionEvent::Close,
            Some(operation) if operation == self.operations.begin => SessionEvent::New,
            Some(operation) if operation == self.operations.hang_up => SessionEvent::Close,
            Some(_) => SessionEvent::Resume,
            // Without an operation, what is dialled begins one.
            None if is_code(text) => SessionEvent::New,
            None => SessionEvent::Resume,
        }
    }

    /// What makes a message the screen of a session: its parameters, and the address it comes from.
    pub fn answer(&self, asked: &Asked, is_last: bool) -> Tlvs {
        let operation = match is_last {
            true => self.operations.end,
            false => self.operations.ask,
        };
        let tlvs = Tlvs::default().with(tlv::USSD_SERVICE_OP, vec![operation]);
        match (self.session_tag, &asked.session[..]) {
            (_, []) => tlvs,
            // The turn's number is in bits 7 to 1; bit 0 ends the session.
            (tlv::ITS_SESSION_INFO, [session, turn, ..]) => {
                let next = (turn & 0xFE).wrapping_add(2) | u8::from(is_last);
                tlvs.with(tlv::ITS_SESSION_INFO, vec![*session, next])
            }
            (tag, session) => tlvs.with(tag, session.to_vec()),
        }
    }
}

/// A turn that a screen answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    session: Vec<u8>,
    /// Who reads it.
    pub person: String,
    /// The address they spoke to.
    pub address: String,
    /// Until when a screen is of use.
    pub by: Timestamp,
}

impl Asked {
    /// What was noted with a turn.
    pub fn of(noted: &Noted) -> Option<Self> {
        let note = noted.transport_metadata.get(NOTE)?;
        let text = |name: &str| note.get(name).and_then(Value::as_str);
        Some(Self {
            session: octets(text("session")?),
            person: text("person")?.to_owned(),
            address: text("address")?.to_owned(),
            by: Timestamp::from_micros(note.get("by")?.as_i64()?),
        })
    }
}

/// Turns that wait for their screens.
#[derive(Default)]
pub struct Waiting(Mutex<HashSet<MessageId>>);

impl Waiting {
    /// A turn came; false when too many wait.
    pub fn begin(&self, message: &MessageId) -> bool {
        let mut waiting = self.held();
        waiting.len() < MOST_WAITING && waiting.insert(message.clone())
    }

    /// Its screen goes, whatever it is; false when one went before, or nobody here waits for it.
    pub fn end(&self, message: &MessageId) -> bool {
        self.held().remove(message)
    }

    fn held(&self) -> MutexGuard<'_, HashSet<MessageId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What people dial: `*120*8864#`.
fn is_code(text: &str) -> bool {
    text.starts_with(['*', '#']) && text.ends_with('#')
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub fn octets(hex: &str) -> Vec<u8> {
    let pair = |place: usize| {
        hex.get(place..place + 2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    (0..hex.len()).step_by(2).map_while(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_smpp::pdu::SmeAddress;
    use ngoma_testkit::FakeDoor;

    fn standard() -> Ussd {
        Ussd {
            operations: Operations::default(),
            session_tag: tlv::ITS_SESSION_INFO,
            deadline: Duration::from_secs(10),
            fallback: String::new(),
        }
    }

    fn deliver(tlvs: Tlvs) -> ShortMessage {
        ShortMessage {
            source: SmeAddress {
                ton: 1,
                npi: 1,
                address: "27831234567".into(),
            },
            destination: SmeAddress {
                address: "8864".into(),
                ..SmeAddress::default()
            },
            tlvs,
            ..ShortMessage::default()
        }
    }

    fn tlvs(operation: Option<u8>, session: &[u8]) -> Tlvs {
        let tlvs = operation.map_or_else(Tlvs::default, |operation| {
            Tlvs::default().with(tlv::USSD_SERVICE_OP, vec![operation])
        });
        match session {
            [] => tlvs,
            session => tlvs.with(tlv::ITS_SESSION_INFO, session.to_vec()),
        }
    }

    #[test]
    fn turns_are_told_apart_by_operation_and_session() {
        let ctx = FakeDoor::new().context(None);
        let check = |operation, session: &[u8], text: &str, event: SessionEvent, key: &str, to: &str| {
            let inbound = standard().turn(&deliver(tlvs(operation, session)), text.into(), &ctx);
            let found = inbound.session.unwrap();
            assert_eq!(
                (found.event.clone(), found.key.as_str()),
                (event, key),
                "{operation:?} {session:?}"
            );
            assert_eq!(inbound.to.value(), to);
            assert_eq!(inbound.content.is_none(), found.event == SessionEvent::New);
        };
        use SessionEvent::*;
        check(Some(1), &[7, 0], "*120*8864#", New, "+27831234567/07", "*120*8864#");
        check(Some(18), &[7, 2], "1", Resume, "+27831234567/07", "8864");
        check(Some(18), &[7, 3], "1", Close, "+27831234567/07", "8864");
        check(Some(16), &[7, 2], "", Close, "+27831234567/07", "8864");
        check(None, &[], "*120#", New, "+27831234567/", "*120#");
        check(None, &[], "2", Resume, "+27831234567/", "8864");
    }

    #[test]
    fn a_screen_carries_the_session_and_says_whether_it_is_the_last() {
        let ctx = FakeDoor::new().context(None);
        let asked = |ussd: &Ussd, session: &[u8]| {
            let message = match session {
                [] => deliver(Tlvs::default()),
                session => deliver(Tlvs::default().with(ussd.session_tag, session.to_vec())),
            };
            let inbound = ussd.turn(&message, "1".into(), &ctx);
            let noted = Noted {
                provider_id: None,
                transport_metadata: inbound.transport_metadata,
            };
            Asked::of(&noted).unwrap()
        };
        let standard = standard();
        let seventh = asked(&standard, &[7, 4]);
        assert_eq!(seventh.address, "8864");
        assert_eq!(standard.answer(&seventh, false), tlvs(Some(2), &[7, 6]));
        assert_eq!(standard.answer(&seventh, true), tlvs(Some(17), &[7, 7]));
        assert_eq!(standard.answer(&asked(&standard, &[]), true), tlvs(Some(17), &[]));
        let vendor = Ussd {
            session_tag: tlv::USER_MESSAGE_REFERENCE,
            ..standard
        };
        let answer = vendor.answer(&asked(&vendor, &[0xAB, 0xCD]), false);
        assert_eq!(answer.number(tlv::USER_MESSAGE_REFERENCE), Some(0xABCD));
    }
}
