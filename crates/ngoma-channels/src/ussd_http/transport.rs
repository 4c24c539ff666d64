//! Takes a gateway's request, waits for the service's screen, and answers before the deadline.

use super::config::UssdHttpConfig;
use super::waiting::{Earlier, Seat, Verdict, WAITING_LIMIT, Waiting};
use super::wire::{self, AnswerEvent, TurnAnswer};
use crate::refusal::{Refusal, no_such_path, only_post};
use crate::secret;
use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use ngoma_engine::channel::{ChannelContext, Inbound, Outbound, Received, SendError, SendErrorKind, Sent, Transport};
use ngoma_message::{MessageId, SessionEvent};
use std::sync::Arc;
use tokio::time::Instant;

/// A running `ussd_http` channel.
pub struct UssdHttpTransport {
    line: Arc<Line>,
}

struct Line {
    config: UssdHttpConfig,
    ctx: ChannelContext,
    waiting: Arc<Waiting>,
}

impl UssdHttpTransport {
    /// A channel with these settings.
    pub fn new(config: UssdHttpConfig, ctx: ChannelContext) -> Self {
        let waiting = Arc::new(Waiting::default());
        Self {
            line: Arc::new(Line { config, ctx, waiting }),
        }
    }
}

#[async_trait]
impl Transport for UssdHttpTransport {
    fn routes(&self) -> Router {
        Router::new()
            .route("/", post(take_turn).fallback(only_post))
            .fallback(no_such_path)
            .with_state(Arc::clone(&self.line))
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let Some(asked) = &message.in_reply_to else {
            let reason = "a USSD gateway takes answers only: the message answers nothing";
            return Err(SendError::new(SendErrorKind::Permanent, reason));
        };
        if self.line.waiting.decide(asked, Verdict::Answer(screen(message))) {
            return Ok(Sent::default());
        }
        let reason =
            format!("no request waits for an answer to {asked}: it was answered, or the gateway's time is over");
        Err(SendError::new(SendErrorKind::TooLate, reason))
    }

    async fn give_up(&self, message: &MessageId, reason: &str) {
        // Nobody waits if the deadline was faster: then the fallback is out already.
        self.line.waiting.decide(message, Verdict::GiveUp(reason.to_owned()));
    }
}

async fn take_turn(
    State(line): State<Arc<Line>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<TurnAnswer>, Refusal> {
    let deadline = Instant::now() + line.config.deadline;
    secret::check(line.config.secret.as_ref(), &headers)?;
    let mut inbound = wire::read_turn(&body?, &line.ctx)?;
    // A gateway that hangs up and asks again finds the turn under way, or its answer: so the turn outlives the request.
    let turn = tokio::spawn(async move {
        if inbound
            .session
            .as_ref()
            .is_some_and(|session| session.event == SessionEvent::Close)
        {
            return line.note_close(inbound).await;
        }
        inbound.answer_within = Some(line.config.deadline);
        line.take(inbound, deadline).await
    });
    let answer = turn.await.unwrap_or_else(|broken| {
        tracing::error!(error = %broken, "a USSD turn broke off");
        Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the turn broke off"))
    });
    answer.map(Json)
}

impl Line {
    /// A close has no answer: the network is told as soon as the close is durable.
    async fn note_close(&self, inbound: Inbound) -> Result<TurnAnswer, Refusal> {
        let id = inbound.id.clone();
        let id = match self.ctx.door.receive(inbound).await? {
            Received::Stored | Received::Held => id,
            Received::Duplicate(first) => first,
        };
        Ok(TurnAnswer {
            content: String::new(),
            session_event: AnswerEvent::Close,
            message_id: id.to_string(),
        })
    }

    async fn take(&self, inbound: Inbound, deadline: Instant) -> Result<TurnAnswer, Refusal> {
        // The place is taken first: the answer may come before the door has returned.
        let Some(seat) = self.waiting.open(&inbound.id) else {
            return Err(Refusal::not_now(format!("{WAITING_LIMIT} requests wait already")));
        };
        match self.ctx.door.receive(inbound).await? {
            Received::Stored | Received::Held => self.answer(seat, deadline).await,
            Received::Duplicate(first) => self.answer_again(&first).await,
        }
    }

    async fn answer(&self, mut seat: Seat, deadline: Instant) -> Result<TurnAnswer, Refusal> {
        let answer = match seat.verdict(deadline).await {
            Some(Verdict::Answer(answer)) => answer,
            Some(Verdict::GiveUp(reason)) => self.fall_back(seat.id(), &reason).await?,
            None => {
                let reason = format!("no answer within {:?}, the channel's deadline", self.config.deadline);
                self.fall_back(seat.id(), &reason).await?
            }
        };
        seat.give(&answer);
        Ok(answer)
    }

    async fn fall_back(&self, asked: &MessageId, reason: &str) -> Result<TurnAnswer, Refusal> {
        let content = self.config.fallback.clone();
        let id = self.ctx.door.record_fallback(asked, &content, true, reason).await?;
        Ok(TurnAnswer {
            content,
            session_event: AnswerEvent::Close,
            message_id: id.to_string(),
        })
    }

    async fn answer_again(&self, first: &MessageId) -> Result<TurnAnswer, Refusal> {
        let answer = match self.waiting.earlier(first) {
            Some(Earlier::Given(answer)) => Some(answer),
            // The first request's own deadline bounds this wait.
            Some(Earlier::Coming(mut coming)) => coming
                .wait_for(Option::is_some)
                .await
                .ok()
                .and_then(|answer| answer.clone()),
            None => None,
        };
        answer.ok_or_else(|| {
            let error = "the message came before and its answer is not kept any more";
            Refusal::new(StatusCode::CONFLICT, error).about("message_id")
        })
    }
}

fn screen(message: &Outbound) -> TurnAnswer {
    let session_event = match message.session_event {
        Some(SessionEvent::Close) => AnswerEvent::Close,
        _ => AnswerEvent::Resume,
    };
    TurnAnswer {
        content: message.content.clone(),
        session_event,
        message_id: message.id.to_string(),
    }
}
