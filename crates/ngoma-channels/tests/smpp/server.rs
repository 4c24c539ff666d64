//! The server that others' ESMEs bind to, as the tests see it: whichever of ours it is.

use crate::soon;
use ngoma_message::text::Coding;
use ngoma_message::text::header::UserDataHeader;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, ShortMessage, SmeAddress};
use ngoma_smpp::receipt::{ESM_CLASS, MessageState};
use ngoma_smpp::tlv::{self, Tlvs};
use ngoma_smpp::{EndReason, Handle, Outcome, Status};
use ngoma_testkit::Smsc;

/// A server, and the sessions that were bound.
pub trait Server: Sized {
    /// Starts one that takes every bind and every message.
    async fn start() -> Self;
    /// Its port on 127.0.0.1.
    fn port(&self) -> u16;
    /// The next binds, which must be of these modes, in any order.
    async fn bound(&mut self, modes: &[BindMode]);
    /// The next message that came.
    async fn came(&mut self) -> Came;
    /// Brings the ESME, by the session that was last bound to receive, a message of a person, in the coding it needs;
    /// whether it was taken.
    async fn deliver(&mut self, text: &str) -> bool;
    /// Tells the ESME what became of a message, with the error 27 when it cannot be delivered; whether that was taken.
    async fn report(&mut self, id: &str, state: MessageState) -> bool;
    /// Ends the last session in order.
    async fn unbind(&mut self);
    /// The last session ends for this reason.
    async fn ends(&mut self, reason: EndReason);
}

/// A message of an ESME.
#[derive(Debug, PartialEq, Eq)]
pub struct Came {
    /// What it was answered.
    pub id: String,
    pub from: String,
    pub to: String,
    pub text: String,
    /// The reference, the total and the number of a part.
    pub part: Option<(u16, u8, u8)>,
    pub wants_receipt: bool,
}

/// The server's end of sessions as it is in crate ngoma-smpp.
pub struct Sessions {
    smsc: Smsc,
    /// How many messages came.
    seen: u64,
    /// In the order in which they were bound.
    sessions: Vec<(BindMode, Handle)>,
}

impl Sessions {
    /// The binds that were asked for.
    pub fn asked(&self) -> Vec<Bind> {
        self.smsc.asked()
    }

    fn session(&mut self) -> &mut Handle {
        let (_, session) = self.sessions.last_mut().expect("it is bound");
        session
    }

    async fn send(&mut self, message: ShortMessage) -> bool {
        let mut receivers = self.sessions.iter().rev().filter(|(mode, _)| mode.may_deliver());
        let (_, session) = receivers.next().expect("one is bound to receive");
        let outcome = soon(session.send(Operation::Deliver, message)).await;
        matches!(outcome, Outcome::Answered(answer) if answer.status.is_ok())
    }
}

impl Server for Sessions {
    async fn start() -> Self {
        let smsc = Smsc::start().await;
        Self {
            smsc,
            seen: 0,
            sessions: Vec::new(),
        }
    }

    fn port(&self) -> u16 {
        self.smsc.port()
    }

    async fn bound(&mut self, modes: &[BindMode]) {
        let mut expected = modes.to_vec();
        for _ in modes {
            let session = self.smsc.bound().await;
            let Status::Bound(bound) = session.status() else {
                panic!("it ended at once: {:?}", session.status());
            };
            let place = expected.iter().position(|mode| *mode == bound.mode);
            expected.remove(place.unwrap_or_else(|| panic!("{:?} instead of {expected:?}", bound.mode)));
            self.sessions.push((bound.mode, session));
        }
    }

    async fn came(&mut self) -> Came {
        self.seen += 1;
        read(format!("m{}", self.seen), &self.smsc.came().await)
    }

    async fn deliver(&mut self, text: &str) -> bool {
        let data_coding = if text.is_ascii() { 0 } else { 8 };
        let octets = Coding::of(data_coding).encode(text, Default::default());
        self.send(ShortMessage {
            data_coding,
            short_message: octets.expect("plain letters, or UCS-2").into(),
            ..from_a_person()
        })
        .await
    }

    async fn report(&mut self, id: &str, state: MessageState) -> bool {
        let mut tlvs = Tlvs::default()
            .with(tlv::RECEIPTED_MESSAGE_ID, format!("{id}\0").into_bytes())
            .with(tlv::MESSAGE_STATE, vec![state.number()]);
        let outcome = match state {
            MessageState::Delivered => "dlvrd:001 stat:DELIVRD err:000",
            _ => {
                tlvs.push(tlv::NETWORK_ERROR_CODE, vec![3, 0, 27]);
                "dlvrd:000 stat:UNDELIV err:027"
            }
        };
        let text = format!("id:{id} sub:001 {outcome} text:");
        self.send(ShortMessage {
            esm_class: ESM_CLASS,
            short_message: text.into(),
            tlvs,
            ..from_a_person()
        })
        .await
    }

    async fn unbind(&mut self) {
        self.session().unbind().await;
    }

    async fn ends(&mut self, reason: EndReason) {
        assert_eq!(soon(self.session().over()).await, reason);
    }
}

fn from_a_person() -> ShortMessage {
    let address = |ton, npi, address: &str| SmeAddress {
        ton,
        npi,
        address: address.into(),
    };
    ShortMessage {
        source: address(1, 1, "27831234567"),
        destination: address(0, 0, "31022"),
        ..ShortMessage::default()
    }
}

/// The reference, the total and the number of a part with this header.
pub fn part(header: &UserDataHeader) -> Option<(u16, u8, u8)> {
    let part = header.concatenation?;
    Some((part.reference.number(), part.total, part.number))
}

/// What a message says, by the specifications alone.
fn read(id: String, message: &ShortMessage) -> Came {
    let user_data = message.user_data();
    let header = message
        .has_udh()
        .then(|| UserDataHeader::decode(user_data).expect("a header"));
    let (header, length) = header.unwrap_or_default();
    let by_header = part(&header);
    let number = |tag| message.tlvs.number(tag);
    let by_parameters = number(tlv::SAR_MSG_REF_NUM).map(|reference| {
        let octet = |tag| {
            number(tag)
                .and_then(|number| u8::try_from(number).ok())
                .expect("an octet")
        };
        (
            reference as u16,
            octet(tlv::SAR_TOTAL_SEGMENTS),
            octet(tlv::SAR_SEGMENT_SEQNUM),
        )
    });
    Came {
        id,
        from: message.source.address.clone(),
        to: message.destination.address.clone(),
        text: Coding::of(message.data_coding).decode(&user_data[length..], header.tables, 0),
        part: by_header.or(by_parameters),
        wants_receipt: message.registered_delivery & 3 == 1,
    }
}
