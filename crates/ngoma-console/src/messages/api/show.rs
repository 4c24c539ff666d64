//! `GET /api/v1/messages/{id}`: a message and what became of it.

use super::authenticate::Authenticated;
use super::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use ngoma_engine::{Engine, EventRecord, MessageRecord};
use ngoma_message::MessageId;
use serde::Serialize;
use std::sync::Arc;

/// ```json
/// {"id":"0193583ffb1c7a0ea2d94b6c0a3f5e11","direction":"outbound","channel":"sms","to":"+27831234567",
///  "content":"Come on Tuesday.","status":"delivered","possible_duplicate":false,"created_at":"2026-11-23T08:30:00.000000Z",
///  "events":[{"id":"…","at":"…","kind":"ack","detail":"p-81"},{"id":"…","at":"…","kind":"delivered"}]}
/// ```
#[derive(Debug, Serialize)]
pub(super) struct MessageAnswer {
    id: String,
    direction: &'static str,
    channel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    content: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    possible_duplicate: bool,
    created_at: String,
    events: Vec<EventAnswer>,
}

#[derive(Debug, Serialize)]
struct EventAnswer {
    id: String,
    at: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Answers with a message of the client's account.
pub(super) async fn show_message(
    State(engine): State<Arc<Engine>>,
    Authenticated(client): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<MessageAnswer>, Problem> {
    match engine.message(&client, &MessageId::from(id)).await? {
        Some((message, events)) => Ok(Json(answer(message, events))),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "this account has no message with this id",
        )),
    }
}

fn answer(message: MessageRecord, events: Vec<EventRecord>) -> MessageAnswer {
    let person = Some(message.address.value().to_owned());
    let (to, from) = match message.direction {
        ngoma_engine::Direction::Outbound => (person, None),
        ngoma_engine::Direction::Inbound => (None, person),
    };
    MessageAnswer {
        id: message.id.to_string(),
        direction: message.direction.as_str(),
        channel: message.channel,
        to,
        from,
        content: message.content,
        status: message.status.as_str(),
        reason: message.reason,
        possible_duplicate: message.possible_duplicate,
        created_at: message.created_at.to_string(),
        events: events.into_iter().map(event_answer).collect(),
    }
}

fn event_answer(event: EventRecord) -> EventAnswer {
    EventAnswer {
        id: event.id.to_string(),
        at: event.at.to_string(),
        kind: event.kind,
        detail: event.detail,
    }
}
