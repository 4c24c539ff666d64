//! The JSON a USSD gateway and a `ussd_http` channel exchange.

use crate::json_body::{optional, read, required};
use crate::refusal::Refusal;
use ngoma_engine::channel::{ChannelContext, Inbound, InboundSession};
use ngoma_message::{Address, MessageId, Object, SessionEvent};
use serde::{Deserialize, Serialize};

/// The longest session or message id, in characters.
const LONGEST_ID: usize = 128;
/// The longest `from` and `to`, in characters.
const LONGEST_ADDRESS: usize = 64;
/// The longest input, in characters; no handset sends as much.
const LONGEST_CONTENT: usize = 2_000;

/// ```json
/// {"session_id":"s-81","from":"0831234567","to":"*120*8864#","session_event":"resume","content":"1","message_id":"g-7"}
/// ```
#[derive(Debug, Deserialize)]
struct TurnRequest {
    session_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    session_event: Option<String>,
    content: Option<String>,
    message_id: Option<String>,
}

/// ```json
/// {"content":"Welcome.\n1. Register","session_event":"resume","message_id":"0193583ffb1c7a0ea2d94b6c0a3f5e11"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TurnAnswer {
    /// The next screen.
    pub content: String,
    /// Whether the session goes on.
    pub session_event: AnswerEvent,
    /// The id the screen is stored under; on a `close` from the network the id the close is stored under.
    pub message_id: String,
}

/// What a session does after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerEvent {
    /// It waits for the person's input.
    Resume,
    /// It is over.
    Close,
}

/// Reads a gateway's request as a message to this channel.
pub fn read_turn(body: &[u8], ctx: &ChannelContext) -> Result<Inbound, Refusal> {
    let request: TurnRequest = read(body)?;
    let session = InboundSession {
        key: required("session_id", request.session_id, LONGEST_ID)?,
        event: read_event(request.session_event)?,
    };
    let from = required("from", request.from, LONGEST_ADDRESS)?;
    let to = optional("to", request.to, LONGEST_ADDRESS)?.or_else(|| ctx.address.clone());
    let Some(to) = to.filter(|to| !to.is_empty()) else {
        return Err(Refusal::field(
            "to",
            "is required: the channel has no address of its own",
        ));
    };
    let provider_id = optional("message_id", request.message_id, LONGEST_ID)?;
    Ok(Inbound {
        id: MessageId::generate(),
        provider_id: provider_id.filter(|id| !id.is_empty()),
        sent_at: None,
        part: None,
        from: Address::tel(&from, ctx.country),
        to: Address::tel(&to, ctx.country),
        content: optional("content", request.content, LONGEST_CONTENT)?,
        session: Some(session),
        answer_within: None,
        transport_metadata: Object::new(),
    })
}

fn read_event(word: Option<String>) -> Result<SessionEvent, Refusal> {
    let word = required("session_event", word, LONGEST_ID)?;
    match SessionEvent::from(word.as_str()) {
        SessionEvent::Other(_) => Err(Refusal::field("session_event", "must be new, resume or close")),
        event => Ok(event),
    }
}
