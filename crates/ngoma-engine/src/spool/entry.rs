//! An arrival as the spool's file holds it: JSON that later versions read too, so fields are only ever added.

use crate::channel::{PartHeader, Receipt, ReceiptFor};
use crate::inbound::Fingerprint;
use crate::store::{Arrival, FallbackText, InboundMessage, ReceiptWrite, SpooledInbound};
use crate::trace::Trail;
use ngoma_message::{Address, DeliveryStatus, MessageId, Object, SessionEvent, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The text an arrival is kept as.
pub(super) fn to_text(arrival: &Arrival) -> Result<String, serde_json::Error> {
    serde_json::to_string(&match arrival {
        Arrival::Inbound(inbound) => Form::Inbound(Box::new(InboundForm::of(inbound))),
        Arrival::Receipt(write) => Form::Receipt(ReceiptForm::of(write)),
        Arrival::Fallback(fallback) => Form::Fallback(FallbackForm::of(fallback)),
    })
}

/// The arrival a text holds.
pub(super) fn from_text(text: &str) -> Result<Arrival, serde_json::Error> {
    Ok(match serde_json::from_str(text)? {
        Form::Inbound(form) => Arrival::Inbound(Box::new(form.read())),
        Form::Receipt(form) => Arrival::Receipt(form.read()),
        Form::Fallback(form) => Arrival::Fallback(form.read()),
    })
}

/// `{"inbound":{…}}`, `{"receipt":{…}}` or `{"fallback":{…}}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Inbound(Box<InboundForm>),
    Receipt(ReceiptForm),
    Fallback(FallbackForm),
}

/// `{"id":"0193…","account":1,"channel":2,"from":"tel:+27831234567","to":"tel:100","content":"hi","created_at":…,…}`
#[derive(Serialize, Deserialize)]
struct InboundForm {
    id: String,
    account: i64,
    channel: i64,
    provider_id: Option<String>,
    fingerprint: Option<String>,
    /// How long the fingerprint holds, in microseconds.
    known_for: Option<i64>,
    /// The reference, total and number of a part.
    part: Option<(u16, u8, u8)>,
    from: String,
    to: String,
    content: Option<String>,
    session: Option<(String, String)>,
    answer_by: Option<i64>,
    transport_metadata: Object,
    created_at: i64,
    trail: String,
    lease: Option<i64>,
}

impl InboundForm {
    fn of(inbound: &SpooledInbound) -> Self {
        let message = inbound.message.clone();
        Self {
            id: message.id.to_string(),
            account: message.account,
            channel: message.channel,
            provider_id: message.provider_id,
            known_for: message
                .fingerprint
                .as_ref()
                .and_then(|print| i64::try_from(print.known_for.as_micros()).ok()),
            fingerprint: message.fingerprint.map(|print| print.hash),
            part: message.part.map(|part| (part.reference(), part.total(), part.number())),
            from: message.from.to_string(),
            to: message.to.to_string(),
            content: message.content,
            session: message.session.map(|(key, event)| (key, event.to_string())),
            answer_by: message.answer_by.map(Timestamp::micros),
            transport_metadata: message.transport_metadata,
            created_at: message.created_at.micros(),
            trail: inbound.trail.pack(),
            lease: inbound.lease,
        }
    }

    fn read(self) -> SpooledInbound {
        let session = self.session;
        let fingerprint = self.fingerprint.zip(self.known_for).map(|(hash, micros)| Fingerprint {
            hash,
            known_for: Duration::from_micros(micros.unsigned_abs()),
        });
        SpooledInbound {
            message: InboundMessage {
                id: MessageId::from(self.id),
                account: self.account,
                channel: self.channel,
                provider_id: self.provider_id,
                fingerprint,
                part: self
                    .part
                    .and_then(|(reference, total, number)| PartHeader::new(reference, total, number)),
                from: address(&self.from),
                to: address(&self.to),
                content: self.content,
                session: session.map(|(key, event)| (key, SessionEvent::from(event.as_str()))),
                answer_by: self.answer_by.map(Timestamp::from_micros),
                transport_metadata: self.transport_metadata,
                created_at: Timestamp::from_micros(self.created_at),
            },
            trail: Trail::from_packed(&self.trail),
            lease: self.lease,
        }
    }
}

/// `{"account":1,"channel":2,"provider_id":"c-1","status":"delivered","event":"0193…","at":…,…}`; by our own id it has
/// `message` in place of `provider_id`.
#[derive(Serialize, Deserialize)]
struct ReceiptForm {
    account: i64,
    channel: i64,
    message: Option<String>,
    provider_id: Option<String>,
    status: String,
    reason: Option<String>,
    event: String,
    at: i64,
}

impl ReceiptForm {
    fn of(write: &ReceiptWrite) -> Self {
        let (message, provider_id) = match &write.receipt.about {
            ReceiptFor::MessageId(id) => (Some(id.to_string()), None),
            ReceiptFor::ProviderId(id) => (None, Some(id.clone())),
        };
        let status = match write.receipt.status {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Failed => "failed",
            DeliveryStatus::Delivered => "delivered",
        };
        Self {
            account: write.account,
            channel: write.channel,
            message,
            provider_id,
            status: status.to_owned(),
            reason: write.receipt.reason.clone(),
            event: write.event.to_string(),
            at: write.at.micros(),
        }
    }

    fn read(self) -> ReceiptWrite {
        ReceiptWrite {
            account: self.account,
            channel: self.channel,
            receipt: Receipt {
                about: match self.message {
                    Some(id) => ReceiptFor::MessageId(MessageId::from(id)),
                    None => ReceiptFor::ProviderId(self.provider_id.unwrap_or_default()),
                },
                status: match self.status.as_str() {
                    "delivered" => DeliveryStatus::Delivered,
                    "failed" => DeliveryStatus::Failed,
                    _ => DeliveryStatus::Pending,
                },
                reason: self.reason,
            },
            event: MessageId::from(self.event),
            at: Timestamp::from_micros(self.at),
            // Who is told is known when it is stored.
            listeners: Arc::default(),
        }
    }
}

/// `{"id":"0193…","account":1,"channel":2,"in_reply_to":"0193…","content":"Try later.","ends_session":true,…}`
#[derive(Serialize, Deserialize)]
struct FallbackForm {
    id: String,
    account: i64,
    channel: i64,
    in_reply_to: String,
    content: String,
    ends_session: bool,
    reason: String,
    at: i64,
}

impl FallbackForm {
    fn of(fallback: &FallbackText) -> Self {
        Self {
            id: fallback.id.to_string(),
            account: fallback.account,
            channel: fallback.channel,
            in_reply_to: fallback.in_reply_to.to_string(),
            content: fallback.content.clone(),
            ends_session: fallback.ends_session,
            reason: fallback.reason.clone(),
            at: fallback.at.micros(),
        }
    }

    fn read(self) -> FallbackText {
        FallbackText {
            id: MessageId::from(self.id),
            account: self.account,
            channel: self.channel,
            in_reply_to: MessageId::from(self.in_reply_to),
            content: self.content,
            ends_session: self.ends_session,
            reason: self.reason,
            at: Timestamp::from_micros(self.at),
        }
    }
}

/// An address as it was written here: always `scheme:value`.
fn address(text: &str) -> Address {
    let (scheme, value) = text.split_once(':').unwrap_or(("tel", text));
    Address::new(scheme, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arrival: &Arrival) {
        let text = to_text(arrival).unwrap();
        assert_eq!(&from_text(&text).unwrap(), arrival, "{text}");
    }

    fn receipt(about: ReceiptFor, status: DeliveryStatus) -> Arrival {
        Arrival::Receipt(ReceiptWrite {
            account: 1,
            channel: 2,
            receipt: Receipt {
                about,
                status,
                reason: Some("no route".into()),
            },
            event: MessageId::generate(),
            at: Timestamp::from_micros(5),
            listeners: Arc::default(),
        })
    }

    #[test]
    fn every_arrival_reads_back_as_it_was() {
        let mut trail = Trail::default();
        trail.note(Timestamp::from_micros(1), "receive", "from +1");
        let mut inbound = SpooledInbound {
            message: super::super::tests::message(1, 2, "héllo \u{0} \"x\""),
            trail,
            lease: Some(7),
        };
        check(&Arrival::Inbound(Box::new(inbound.clone())));
        inbound.message.session = Some(("k".into(), SessionEvent::Other("odd".into())));
        inbound.message.answer_by = Some(Timestamp::from_micros(9));
        inbound.message.transport_metadata = Object::from_iter([("a".to_owned(), 1.into())]);
        inbound.lease = None;
        inbound.message.provider_id = None;
        inbound.message.part = PartHeader::new(7, 3, 2);
        inbound.message.fingerprint = Some(Fingerprint {
            hash: "00ff".into(),
            known_for: Duration::from_secs(60),
        });
        check(&Arrival::Inbound(Box::new(inbound)));
        check(&receipt(ReceiptFor::ProviderId("c-1".into()), DeliveryStatus::Pending));
        let id = MessageId::generate();
        check(&receipt(ReceiptFor::MessageId(id.clone()), DeliveryStatus::Delivered));
        check(&Arrival::Fallback(FallbackText {
            id: MessageId::generate(),
            account: 1,
            channel: 2,
            in_reply_to: id,
            content: "later".into(),
            ends_session: true,
            reason: "no answer".into(),
            at: Timestamp::from_micros(3),
        }));
    }
}
