//! A message comes in: receive, decode, dedupe, store (durable; only now is the sender answered), resolve its session,
//! route, deliver to the service, its step, and on to outbound.

mod answers;
mod decode;
mod people;
mod route;
mod session;
mod step;

pub(crate) use people::People;

use crate::channel::{Inbound, ReceiveError, Received};
use crate::channels::Running;
use crate::directory::{ChannelEntry, ServiceEntry};
use crate::engine::Runtime;
use crate::record::Status;
use crate::store::{InboundMessage, Publish, PulledInbound, StepCommit, StepEnd, StoreError, StoredInbound};
use crate::trace::Trail;
use session::SessionTurn;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Takes a message from a channel. When this returns it is durable.
pub(crate) async fn receive(
    runtime: &Arc<Runtime>,
    running: &Arc<Running>,
    mut inbound: Inbound,
) -> Result<Received, ReceiveError> {
    let now = runtime.clock.now();
    let mut trail = Trail::default();
    let catalog = runtime.catalog();
    let Some(channel) = catalog.channel(running.id) else {
        return Err(ReceiveError::Unavailable("the channel is not known".into()));
    };
    trail.note(
        now,
        "receive",
        format!("from {} by channel {}", inbound.from, channel.name),
    );
    decode::decode(&mut inbound, runtime.limits.content_chars, now, &mut trail);
    let message = InboundMessage {
        id: inbound.id,
        account: channel.account,
        channel: channel.id,
        provider_id: inbound.provider_id,
        from: inbound.from,
        to: inbound.to,
        content: inbound.content,
        session: inbound.session.map(|session| (session.key, session.event)),
        answer_by: inbound.answer_within.map(|within| now + within),
        transport_metadata: inbound.transport_metadata,
        created_at: now,
    };
    let place = Arc::clone(&running.inbound_room).try_acquire_owned().ok();
    let publish = if place.is_some() {
        Publish::Leased
    } else {
        Publish::Free
    };
    let stored = runtime.store.store_inbound(message.clone(), publish, trail).await;
    match stored.map_err(unavailable)? {
        StoredInbound::Duplicate(known) => Ok(Received::Duplicate(known)),
        StoredInbound::Stored(seq) => {
            match place {
                Some(place) => hand_over(runtime, running, PulledInbound { seq, message }, place),
                None => runtime.leave_in_queue(running),
            }
            Ok(Received::Stored)
        }
    }
}

/// What a channel is told when the store does not take something.
pub(crate) fn unavailable(error: StoreError) -> ReceiveError {
    match error {
        StoreError::Unavailable(reason) | StoreError::Refused(reason) => ReceiveError::Unavailable(reason),
    }
}

/// Works on a message in its own task, at its place in memory.
pub(crate) fn hand_over(
    runtime: &Arc<Runtime>,
    running: &Arc<Running>,
    taken: PulledInbound,
    place: OwnedSemaphorePermit,
) {
    let job = Job {
        runtime: Arc::clone(runtime),
        running: Arc::clone(running),
        seq: taken.seq,
        message: taken.message,
    };
    let under_way = runtime.under_way.enter();
    tokio::spawn(async move {
        job.work(Trail::default()).await;
        drop(place);
        job.runtime.place_is_free(&job.running);
        drop(under_way);
    });
}

/// Works on a message that waited in the queue: one whose person has been answered by the channel meanwhile is over.
pub(crate) fn hand_over_pulled(
    runtime: &Arc<Runtime>,
    running: &Arc<Running>,
    taken: PulledInbound,
    place: OwnedSemaphorePermit,
) {
    let now = runtime.clock.now();
    let is_late = taken.message.answer_by.is_some_and(|by| by <= now) && !taken.message.is_close();
    if !is_late {
        return hand_over(runtime, running, taken, place);
    }
    let job = Job {
        runtime: Arc::clone(runtime),
        running: Arc::clone(running),
        seq: taken.seq,
        message: taken.message,
    };
    let under_way = runtime.under_way.enter();
    tokio::spawn(async move {
        let reason = "it waited until nobody waited for an answer any more";
        job.end_unanswered(Status::Expired, "expire", reason, Trail::default())
            .await;
        drop((place, under_way));
    });
}

/// One inbound message being worked on.
struct Job {
    runtime: Arc<Runtime>,
    running: Arc<Running>,
    seq: i64,
    message: InboundMessage,
}

impl Job {
    async fn work(&self, mut trail: Trail) {
        let catalog = self.runtime.catalog();
        let Some(channel) = catalog.channel(self.message.channel) else {
            return;
        };
        let mut session = match self.resolve_session() {
            Ok(session) => session,
            Err(error) => return tracing::error!(message.id = %self.message.id, %error, "a session cannot be read"),
        };
        let Some((service, reason)) = self.route(channel, session.as_ref()) else {
            self.note_session(session.as_ref(), &mut trail);
            let reason = format!("no route of channel {} takes it", channel.name);
            return self.end_unanswered(Status::Unrouted, "route", &reason, trail).await;
        };
        let Some(service) = catalog.service(service) else {
            return self
                .end_unanswered(Status::Unrouted, "route", "its service is gone", trail)
                .await;
        };
        let turn = self.runtime.people.turn(service.id, &self.message.from).await;
        if turn.has_waited {
            // The turn before may have changed the session.
            session = self.resolve_session().unwrap_or(session);
        }
        self.note_session(session.as_ref(), &mut trail);
        let now = self.runtime.clock.now();
        trail.note(now, "route", format!("to service {} {reason}", service.key.service));
        let answers = self.run_step(channel, service, session.as_ref(), trail).await;
        drop(turn);
        self.send_answers(answers).await;
    }

    fn resolve_session(&self) -> Result<Option<SessionTurn>, StoreError> {
        let Some((key, _)) = &self.message.session else {
            return Ok(None);
        };
        let held = self.runtime.store.session(self.message.channel, key)?;
        Ok(session::resolve(&self.message, held, self.runtime.clock.now()))
    }

    fn note_session(&self, session: Option<&SessionTurn>, trail: &mut Trail) {
        if let Some(session) = session {
            trail.note(self.runtime.clock.now(), "session", &session.note);
        }
    }

    fn route(&self, channel: &ChannelEntry, session: Option<&SessionTurn>) -> Option<(i64, String)> {
        let told = session.map(|session| &session.event);
        route::route(
            channel,
            &self.message,
            told,
            session.and_then(|session| session.service),
        )
    }

    /// Ends a message that no service answers, and tells the channel, where somebody may wait.
    async fn end_unanswered(&self, status: Status, step: &str, reason: &str, mut trail: Trail) {
        trail.note(self.runtime.clock.now(), step, reason);
        let commit = self.commit(None, status, Some(reason.to_owned()), trail);
        // When it could not be stored that is logged, and the person is told all the same.
        let _ = self.store(commit).await;
        self.running.transport.give_up(&self.message.id, reason).await;
    }

    /// An end without effects.
    fn commit(
        &self,
        service: Option<&ServiceEntry>,
        status: Status,
        reason: Option<String>,
        trail: Trail,
    ) -> StepCommit {
        StepCommit {
            seq: self.seq,
            at: self.runtime.clock.now(),
            end: StepEnd { status, reason },
            service: service.map(|service| service.id),
            session: None,
            kv: Vec::new(),
            outbound: Vec::new(),
            metrics: Vec::new(),
            log: Vec::new(),
            trail,
        }
    }

    /// Stores an end, waiting while the store does not take it. Nothing comes back when the engine stops before that:
    /// the message is then worked on again after the next start.
    async fn store(&self, commit: StepCommit) -> Result<Vec<i64>, StoreError> {
        let commit = Arc::new(commit);
        let stored = self
            .runtime
            .persist(|| self.runtime.store.commit_step(Arc::clone(&commit)))
            .await;
        if let Err(error) = &stored {
            tracing::error!(message.id = %self.message.id, %error, "what became of a message was not stored");
        }
        stored
    }
}
