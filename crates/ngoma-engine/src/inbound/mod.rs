//! A message comes in: receive, decode, dedupe, store (durable; only now is the sender answered), opt-out (one keyword
//! ends it), resolve its session, route, deliver to the service, its step, and on to outbound.

mod answers;
mod decode;
mod fingerprint;
mod hand_over;
mod keep;
mod opt_out;
mod parts;
mod people;
mod route;
mod session;
mod step;
mod wire;

pub(crate) use answers::{Answer, Plan};
pub(crate) use decode::cut;
pub(crate) use fingerprint::Fingerprint;
pub(crate) use hand_over::{KnownHandOvers, wishes};
pub(crate) use keep::{must_wait, spool, within_patience};
pub(crate) use parts::ending::{Ending, MEMORY, PATIENCE, Partial, end};
pub(crate) use parts::{HeldPart, Part, PartKey, PartLimits, Placement, Snapshot, Waiting, end_held_texts, place};
pub(crate) use people::People;
pub(crate) use step::{failure_text, note_requests, step_with_keys, what_it_did};
pub(crate) use wire::as_vumi;

use crate::channel::{Inbound, ReceiveError, Received};
use crate::channels::{Place, Running};
use crate::directory::{ChannelEntry, ServiceEntry};
use crate::engine::Runtime;
use crate::panics::caught;
use crate::record::Status;
use crate::store::{
    InboundMessage, PeopleWrites, Publish, PulledInbound, QueueKind, StepCommit, StepEnd, StoreError, StoredInbound,
};
use crate::suspects::{STEP_ATTEMPTS, ended_too_many};
use crate::trace::Trail;
use hand_over::Seat;
use ngoma_message::MessageId;
use session::SessionTurn;
use std::sync::Arc;

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
        format!("from {} on channel {}", inbound.from.value(), channel.name),
    );
    decode::decode(&mut inbound, runtime.limits.content_chars, now, &mut trail);
    let fingerprint = fingerprint_of(channel.id, &inbound);
    let message = InboundMessage {
        id: inbound.id,
        account: channel.account,
        channel: channel.id,
        provider_id: inbound.provider_id,
        fingerprint,
        part: inbound.part,
        from: inbound.from,
        to: inbound.to,
        content: inbound.content,
        session: inbound.session.map(|session| (session.key, session.event)),
        answer_by: inbound.answer_within.map(|within| now + within),
        transport_metadata: inbound.transport_metadata,
        created_at: now,
    };
    // In its own task: a sender who hangs up meanwhile has his message stored and handed over all the same.
    let taking = tokio::spawn(take(Arc::clone(runtime), Arc::clone(running), message, trail));
    #[cfg(feature = "faults")]
    if crate::faults::is_planted(crate::faults::Fault::AckBeforeCommit) {
        return Ok(Received::Stored);
    }
    let broke_off = |_| Err(ReceiveError::Unavailable("taking the message broke off".into()));
    taking.await.unwrap_or_else(broke_off)
}

/// What a message is known by that brings no id of its provider's.
fn fingerprint_of(channel: i64, inbound: &Inbound) -> Option<Fingerprint> {
    let arrival = fingerprint::Arrival {
        channel,
        from: &inbound.from,
        to: &inbound.to,
        session: inbound
            .session
            .as_ref()
            .map(|session| (session.key.as_str(), &session.event)),
        content: inbound.content.as_deref(),
        sent_at: inbound.sent_at,
    };
    // A part is known by its header.
    match (&inbound.provider_id, inbound.part) {
        (None, None) => arrival.fingerprint(),
        _ => None,
    }
}

async fn take(
    runtime: Arc<Runtime>,
    running: Arc<Running>,
    message: InboundMessage,
    trail: Trail,
) -> Result<Received, ReceiveError> {
    let _under_way = runtime.under_way.enter();
    runtime.store.check_room().await.map_err(unavailable)?;
    if keep::must_wait(&runtime, message.channel) {
        return keep::keep(&runtime, &running, message, trail, None).await;
    }
    // A text that a part completes is taken from the queue.
    let place = match message.part {
        Some(_) => None,
        None => runtime.place(&running, QueueKind::Inbound),
    };
    let publish = if place.is_some() {
        Publish::Leased
    } else {
        Publish::Free
    };
    let lease = runtime.store.epoch();
    let listeners = runtime.catalog().listeners(message.account);
    let is_heard = !listeners.topics.is_empty();
    let storing = runtime
        .store
        .store_inbound(message.clone(), publish, lease, listeners, trail.clone());
    match keep::within_patience(&runtime, storing).await {
        Err(StoreError::Unavailable(reason)) if runtime.spool.is_some() => {
            tracing::debug!(message.id = %message.id, reason, "the store does not take a message: it goes into the spool");
            let (account, id) = (message.account, message.id.clone());
            let asked = place.is_some().then_some(lease);
            let kept = keep::keep(&runtime, &running, message, trail, asked).await;
            if kept.is_err() && place.is_some() {
                leave_unsure(&runtime, account, id, lease);
            }
            kept
        }
        Err(error) => {
            if place.is_some() && matches!(error, StoreError::Unavailable(_)) {
                leave_unsure(&runtime, message.account, message.id, lease);
            }
            Err(unavailable(error))
        }
        Ok(StoredInbound::Duplicate(known)) => Ok(Received::Duplicate(known)),
        Ok(StoredInbound::Held { ends_another }) => {
            if ends_another {
                runtime.leave_in_queue(&running);
                runtime.look_for_follow_ups();
            }
            Ok(Received::Held)
        }
        Ok(StoredInbound::Stored) => {
            if is_heard {
                runtime.look_for_follow_ups();
            }
            match place {
                Some(place) => hand_over(&runtime, &running, PulledInbound::arrived(message, lease), place),
                None => runtime.leave_in_queue(&running),
            }
            Ok(Received::Stored)
        }
    }
}

/// Its sender hands it in again; it may be stored all the same, and is worked on then.
fn leave_unsure(runtime: &Runtime, account: i64, message: MessageId, lease: i64) {
    let messages = std::iter::once(message);
    runtime.store.note_unsure(account, QueueKind::Inbound, messages, lease);
    runtime.look_for_due_work();
}

/// What a channel is told when the store does not take something.
pub(crate) fn unavailable(error: StoreError) -> ReceiveError {
    match error {
        StoreError::Unavailable(reason) | StoreError::Refused(reason) => ReceiveError::Unavailable(reason),
    }
}

/// Works on a message in its own task, at its place in memory.
pub(crate) fn hand_over(runtime: &Arc<Runtime>, running: &Arc<Running>, taken: PulledInbound, place: Place) {
    let job = Job {
        runtime: Arc::clone(runtime),
        running: Arc::clone(running),
        message: taken.message,
        lease: taken.lease,
        attempts: taken.attempts,
    };
    let under_way = runtime.under_way.enter();
    tokio::spawn(async move {
        if let Err(panic) = caught(job.work(Trail::default())).await {
            let reason = format!("work on it broke off: {panic}");
            job.give_up_for_good("panic", &reason, 1, Trail::default()).await;
        }
        drop((place, under_way));
    });
}

/// One inbound message being worked on.
struct Job {
    runtime: Arc<Runtime>,
    running: Arc<Running>,
    message: InboundMessage,
    /// What it was taken under: a lease that was lost meanwhile stores nothing.
    lease: i64,
    /// How many of its steps may have begun before, each in a process that ended.
    attempts: u32,
}

impl Job {
    async fn work(&self, mut trail: Trail) {
        let catalog = self.runtime.catalog();
        let Some(channel) = catalog.channel(self.message.channel) else {
            return;
        };
        if self.is_too_late() {
            return self.expire(trail).await;
        }
        if self.attempts >= STEP_ATTEMPTS {
            let reason = ended_too_many(self.attempts);
            return self.give_up_for_good("step", &reason, self.attempts, trail).await;
        }
        if let Some(account) = catalog.account(self.message.account)
            && let Some(wish) = self.wish(&account.policy)
        {
            return self.heed(channel, &account.policy, wish, trail).await;
        }
        let mut session = match self.runtime.persist(|| self.resolve_session()).await {
            Ok(session) => session,
            Err(error) => return self.end_unread(&error, trail).await,
        };
        let routed = self.route(channel, session.as_ref());
        let Seat { service, reason, turn } = match self.take_turn(routed, &mut session).await {
            Ok(Some(seat)) => seat,
            Ok(None) => {
                self.note_session(session.as_ref(), &mut trail);
                let reason = format!("no route of channel {} takes it", channel.name);
                return self.end_unanswered(Status::Unrouted, "route", &reason, trail).await;
            }
            Err(error) => return self.end_unread(&error, trail).await,
        };
        let Some(service) = catalog.service(service) else {
            return self
                .end_unanswered(Status::Unrouted, "route", "its service is gone", trail)
                .await;
        };
        let Ok(permit) = service.running.acquire().await else {
            return;
        };
        let alone = self.runtime.suspects.alone(self.attempts).await;
        if !self.runtime.holds(self.lease).await {
            let message = &self.message;
            self.runtime
                .give_back(message.account, QueueKind::Inbound, &message.id, self.lease)
                .await;
            return self.give_up("another process has taken the message over").await;
        }
        if self.is_too_late() {
            return self.expire(trail).await;
        }
        if self.attempts > 0 && !self.begin_again().await {
            return;
        }
        let session = session.map(|session| session.with(service.id));
        self.note_session(session.as_ref(), &mut trail);
        let now = self.runtime.clock.now();
        trail.note(now, "route", format!("to service {}: {reason}", service.key.service));
        let answers = self.run_step(channel, service, session.as_ref(), trail).await;
        drop((turn, permit, alone));
        if service.kind.answers_by_itself() && answers.is_ok() {
            // Its application answers by itself, later.
            return;
        }
        self.send_answers(answers).await;
    }

    /// Records that a step begins of a message that may have ended a process; false when it must not. The first step of
    /// a message is not recorded: nobody should wait for the disk twice.
    async fn begin_again(&self) -> bool {
        let (account, kind) = (self.message.account, QueueKind::Inbound);
        let begun = self.runtime.persist(|| {
            let (id, now) = (self.message.id.clone(), self.runtime.clock.now());
            let store = &self.runtime.store;
            store.begin_step(account, id, kind, now, self.lease, self.attempts)
        });
        let begun = begun.await;
        if let Err(error) = &begun {
            tracing::error!(message.id = %self.message.id, %error, "a step was not recorded: not begun");
        }
        begun.is_ok()
    }

    /// Ends a message whose session cannot be read, unless that passes: then the engine stops, and the message is
    /// worked on after its next start.
    async fn end_unread(&self, error: &StoreError, trail: Trail) {
        if let StoreError::Refused(problem) = error {
            let reason = format!("its session cannot be read: {problem}");
            self.end_unanswered(Status::Failed, "session", &reason, trail).await;
        }
    }

    /// Whether the channel has answered by itself meanwhile: nobody waits for the service's answer any more. That a
    /// session ended the service learns however late.
    fn is_too_late(&self) -> bool {
        let now = self.runtime.expiry_now();
        self.message.answer_by.is_some_and(|by| by <= now) && !self.message.is_close()
    }

    /// Ends a message whose step has not begun when it is too late for it.
    async fn expire(&self, trail: Trail) {
        let reason = "it waited until nobody waited for an answer any more";
        self.end_unanswered(Status::Expired, "expire", reason, trail).await;
    }

    async fn resolve_session(&self) -> Result<Option<SessionTurn>, StoreError> {
        let Some((key, _)) = &self.message.session else {
            return Ok(None);
        };
        let held = self
            .runtime
            .store
            .session(self.message.account, self.message.channel, key)
            .await?;
        let (now, expiry) = (self.runtime.clock.now(), self.runtime.expiry_now());
        Ok(session::resolve(&self.message, held, now, expiry))
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
        self.give_up(reason).await;
    }

    /// Ends a message as [`Self::end_unanswered`] does; it lies among the dead letters.
    async fn give_up_for_good(&self, step: &str, reason: &str, attempts: u32, mut trail: Trail) {
        trail.note(self.runtime.clock.now(), step, reason);
        tracing::warn!(message.id = %self.message.id, reason, "a message was given up");
        let mut commit = self.commit(None, Status::Failed, Some(reason.to_owned()), trail);
        commit.given_up_after = Some(attempts);
        let _ = self.store(commit).await;
        self.give_up(reason).await;
    }

    /// Tells the channel that no answer comes.
    async fn give_up(&self, reason: &str) {
        let telling = caught(self.running.transport.give_up(&self.message.id, reason)).await;
        if let Err(panic) = telling {
            tracing::error!(message.id = %self.message.id, panic, "a channel could not be told that no answer comes");
        }
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
            account: self.message.account,
            message: self.message.id.clone(),
            lease: self.lease,
            at: self.runtime.clock.now(),
            end: StepEnd { status, reason },
            service: service.map(|service| service.id),
            session: None,
            kv: Vec::new(),
            people: PeopleWrites::default(),
            outbound: Vec::new(),
            metrics: Vec::new(),
            log: Vec::new(),
            trail,
            wished: None,
            given_up_after: None,
            record: None,
        }
    }

    /// Stores an end, waiting while the store does not take it. Nothing comes back when the engine stops before that:
    /// the message is then worked on again after the next start.
    async fn store(&self, commit: StepCommit) -> Result<(), StoreError> {
        let commit = Arc::new(commit);
        let stored = self
            .runtime
            .persist(|| self.runtime.store.commit_step(Arc::clone(&commit)))
            .await;
        match &stored {
            Ok(()) => self.runtime.metrics.note_step(self.message.channel, &commit),
            // It may name a key, and keys name people.
            Err(StoreError::Refused(problem)) => {
                tracing::debug!(message.id = %self.message.id, problem, "what became of a message was refused");
            }
            Err(error) => {
                tracing::error!(message.id = %self.message.id, %error, "what became of a message was not stored");
            }
        }
        stored
    }
}
