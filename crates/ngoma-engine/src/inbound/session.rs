//! Which session a message belongs to, and which service that session stays with.

use crate::directory::ServiceEntry;
use crate::store::{InboundMessage, SessionRow};
use ngoma_message::{SessionEvent, Timestamp};
use std::time::Duration;

/// A message's place in its session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SessionTurn {
    /// When the session began.
    pub(super) started_at: Timestamp,
    /// The service it stays with; nothing when it begins.
    pub(super) service: Option<i64>,
    /// The version of its code it began with.
    pub(super) version: Option<i64>,
    /// The event the service is told: `new` whenever a session begins, whatever the gateway called it.
    pub(super) event: SessionEvent,
    /// For the trace.
    pub(super) note: String,
}

impl SessionTurn {
    /// The turn as that service is told it. One that another service has had is new to it.
    pub(super) fn with(self, service: i64) -> Self {
        match self.service {
            Some(held) if held != service && self.event != SessionEvent::Close => Self {
                event: SessionEvent::New,
                note: format!("{}; its service is another now and is told new", self.note),
                ..self
            },
            _ => self,
        }
    }
}

/// Finds a message's place. A `new` begins a session even where one is known: gateways use their keys again. Anything
/// else goes on in the known session, or begins one when that is over, at the moment `expiry`, or another person's.
pub(super) fn resolve(
    message: &InboundMessage,
    held: Option<SessionRow>,
    now: Timestamp,
    expiry: Timestamp,
) -> Option<SessionTurn> {
    let (key, event) = message.session.as_ref()?;
    let begins = |note: String, event: SessionEvent| SessionTurn {
        started_at: now,
        service: None,
        version: None,
        event,
        note,
    };
    if *event == SessionEvent::New {
        return Some(begins(format!("session {key} begins"), SessionEvent::New));
    }
    let problem = match &held {
        None => "is not known",
        Some(held) if held.address != message.from => "is another person's",
        Some(held) if !held.is_open => "was closed",
        Some(held) if held.expires_at <= expiry => "has expired",
        Some(_) => "",
    };
    Some(match held {
        Some(held) if problem.is_empty() => SessionTurn {
            started_at: held.started_at,
            service: held.service,
            version: held.version,
            event: event.clone(),
            note: match event {
                SessionEvent::Close => format!("session {key} ends"),
                _ => format!("session {key} goes on"),
            },
        },
        // The service of a session that is over still learns that the person hung up.
        Some(held) if *event == SessionEvent::Close && held.address == message.from => SessionTurn {
            started_at: held.started_at,
            service: held.service,
            version: held.version,
            event: SessionEvent::Close,
            note: format!("session {key} ends; it {problem}"),
        },
        _ if *event == SessionEvent::Close => begins(format!("session {key} ends; it {problem}"), SessionEvent::Close),
        _ => begins(
            format!("session {key} {problem}: a fresh one begins, the service is told new"),
            SessionEvent::New,
        ),
    })
}

/// The version of a service's code that a step runs: the one its session began with, else the present one.
pub(super) fn version(session: Option<&SessionTurn>, service: &ServiceEntry) -> i64 {
    session
        .filter(|session| session.service == Some(service.id))
        .and_then(|session| session.version)
        .unwrap_or(service.key.version)
}

/// The session as it is after this turn.
pub(super) fn after(
    message: &InboundMessage,
    turn: &SessionTurn,
    (service, version): (i64, i64),
    goes_on: bool,
    now: Timestamp,
    lifetime: Duration,
) -> Option<SessionRow> {
    let (key, _) = message.session.as_ref()?;
    Some(SessionRow {
        channel: message.channel,
        key: key.clone(),
        address: message.from.clone(),
        service: Some(service),
        version: Some(version),
        is_open: goes_on && turn.event != SessionEvent::Close,
        started_at: turn.started_at,
        last_at: now,
        expires_at: now + lifetime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_message::{Address, MessageId, Object};

    fn message(event: &str) -> InboundMessage {
        InboundMessage {
            id: MessageId::from("m"),
            account: 1,
            channel: 1,
            provider_id: None,
            fingerprint: None,
            part: None,
            from: Address::new("tel", "+1"),
            to: Address::new("tel", "2"),
            content: None,
            session: Some(("k".into(), SessionEvent::from(event))),
            answer_by: None,
            transport_metadata: Object::new(),
            created_at: Timestamp::from_micros(0),
        }
    }

    fn held(from: &str, is_open: bool, expires_at: i64) -> Option<SessionRow> {
        Some(SessionRow {
            channel: 1,
            key: "k".into(),
            address: Address::new("tel", from),
            service: Some(7),
            version: Some(2),
            is_open,
            started_at: Timestamp::from_micros(1),
            last_at: Timestamp::from_micros(1),
            expires_at: Timestamp::from_micros(expires_at),
        })
    }

    fn check(event: &str, held: Option<SessionRow>, service: Option<i64>, told: &str, note: &str) {
        let now = Timestamp::from_micros(50);
        let turn = resolve(&message(event), held, now, now).unwrap();
        assert_eq!(
            (turn.service, turn.event.as_str(), turn.note.as_str()),
            (service, told, note)
        );
    }

    #[test]
    fn a_session_is_new_to_a_service_that_it_is_handed_to() {
        let check = |event: &str, service: i64, told: &str| {
            let now = Timestamp::from_micros(50);
            let turn = resolve(&message(event), held("+1", true, 100), now, now).unwrap();
            assert_eq!(turn.with(service).event.as_str(), told, "{event} {service}");
        };
        check("resume", 7, "resume");
        check("resume", 8, "new");
        check("new", 8, "new");
        check("close", 8, "close");
    }

    #[test]
    fn a_message_finds_its_session() {
        let fresh = |problem: &str| format!("session k {problem}: a fresh one begins, the service is told new");
        check("new", None, None, "new", "session k begins");
        check("new", held("+1", true, 100), None, "new", "session k begins");
        check("resume", held("+1", true, 100), Some(7), "resume", "session k goes on");
        check("resume", None, None, "new", &fresh("is not known"));
        check("resume", held("+1", true, 50), None, "new", &fresh("has expired"));
        check("resume", held("+1", false, 100), None, "new", &fresh("was closed"));
        check(
            "resume",
            held("+2", true, 100),
            None,
            "new",
            &fresh("is another person's"),
        );
        check("close", held("+1", true, 100), Some(7), "close", "session k ends");
        check(
            "close",
            held("+1", true, 50),
            Some(7),
            "close",
            "session k ends; it has expired",
        );
        check("close", None, None, "close", "session k ends; it is not known");
        check("odd", held("+1", true, 100), Some(7), "odd", "session k goes on");
    }
}
