//! What became of a message is told to the service that sent it: as a step of its own, one event of a message after the
//! other, in the person's turn.

mod wire;

pub(crate) use wire::as_vumi;

use crate::directory::{ServiceEntry, ServiceKind};
use crate::engine::Runtime;
use crate::inbound::{Answer, Plan, failure_text, note_requests, step_with_keys, what_it_did, wishes};
use crate::outbound::RetryPolicy;
use crate::panics::caught;
use crate::relay;
use crate::service::{LogLine, Step, StepInput, StepOutcome};
use crate::store::{
    Effects, FollowUpCommit, FollowUpEnd, NewStepRecord, QueueKind, StoreError, StoredEvent, Subject, TakenFollowUp,
};
use crate::suspects::{STEP_ATTEMPTS, ended_too_many};
use crate::trace::Trail;
use crate::versions::recorded;
use std::sync::Arc;
use std::time::Duration;

/// When an event whose step failed is told again.
const SCHEDULE: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_secs(5),
    factor: 6,
    longest_wait: Duration::from_secs(60),
    attempts: STEP_ATTEMPTS,
    total: Duration::MAX,
    jitter: 0,
};

/// Tells a service of an event, and stores what it did.
pub(crate) async fn tell(runtime: &Arc<Runtime>, taken: TakenFollowUp) {
    let Subject::Event(event) = &taken.subject else { return };
    let telling = Telling {
        runtime,
        taken: &taken,
        event,
    };
    let _under_way = runtime.under_way.enter();
    if let Err(panic) = caught(telling.work()).await {
        let failure = format!("work on it broke off: {panic}");
        telling.fail(None, &failure, None, Trail::default()).await;
    }
}

/// One event on its way to its service.
struct Telling<'a> {
    runtime: &'a Arc<Runtime>,
    taken: &'a TakenFollowUp,
    event: &'a StoredEvent,
}

impl Telling<'_> {
    async fn work(&self) {
        let catalog = self.runtime.catalog();
        let Some(service) = catalog.service(self.taken.line).filter(|service| service.wants_events) else {
            return self
                .commit(FollowUpEnd::Done, Effects::default(), Trail::default())
                .await
                .unwrap_or(());
        };
        if self.taken.attempts >= STEP_ATTEMPTS {
            let reason = ended_too_many(self.taken.attempts);
            return self
                .give_up(
                    logged(Some(service), &reason),
                    reason,
                    self.taken.attempts,
                    Trail::default(),
                )
                .await;
        }
        let turn = self.runtime.people.turn(service.id, &self.event.person).await;
        let Ok(permit) = service.running.acquire().await else {
            return;
        };
        let alone = self.runtime.suspects.alone(self.taken.attempts).await;
        if !self.runtime.holds(self.taken.lease).await {
            let event = self.event;
            return self
                .runtime
                .give_back(event.account, QueueKind::Event, &event.id, self.taken.lease)
                .await;
        }
        // What has not begun when the engine stops is told after its next start.
        if self.runtime.is_stopping() || !self.begin().await {
            return;
        }
        let answers = self.step(service).await;
        drop((turn, permit, alone));
        for answer in answers {
            answer.go_on(self.runtime).await;
        }
    }

    async fn begin(&self) -> bool {
        let begun = self.runtime.persist(|| {
            let (item, now) = (self.event.id.clone(), self.runtime.clock.now());
            let (account, lease, before) = (self.event.account, self.taken.lease, self.taken.attempts);
            let store = &self.runtime.store;
            store.begin_step(account, item, QueueKind::Event, now, lease, before)
        });
        let begun = begun.await;
        if let Err(error) = &begun {
            tracing::error!(event.id = %self.event.id, %error, "the step of an event was not recorded: not begun");
        }
        begun.is_ok()
    }

    /// Runs the step and commits it. Gives the messages to be sent now that they are durable.
    async fn step(&self, service: &ServiceEntry) -> Vec<Answer> {
        let runtime = self.runtime;
        let catalog = runtime.catalog();
        let channel = self.event.channel.and_then(|channel| catalog.channel(channel));
        let step = Step {
            input: StepInput::Event(as_vumi(self.event, channel.map(|channel| channel.name.as_str()))),
            wall_limit: runtime.limits.step_wall,
        };
        let stepped = match service.kind {
            ServiceKind::Relay => relay::report(runtime, service, self.event).await.map(Ok),
            ServiceKind::Script | ServiceKind::VumiAmqp => {
                step_with_keys(runtime, service, service.key.version, &step, || false).await
            }
        };
        let stepped = match stepped {
            Ok(stepped) => stepped,
            Err(error) => {
                tracing::error!(event.id = %self.event.id, %error, "the step of an event was left to be done again");
                return Vec::new();
            }
        };
        let mut trail = Trail::default();
        let (failure, record) = match stepped {
            Err(panic) => (format!("the step broke off: {panic}"), None),
            Ok(outcome) => {
                let record = recorded(runtime, (service.id, service.key.version), &step.input, &outcome);
                note_requests(&outcome, runtime.clock.now(), Some(&self.event.message), &mut trail);
                match failure_of(&outcome) {
                    None => return self.commit_success(service, outcome, record, trail).await,
                    Some(failure) => (failure, record),
                }
            }
        };
        self.fail(Some(service), &failure, record, trail).await;
        Vec::new()
    }

    async fn commit_success(
        &self,
        service: &ServiceEntry,
        outcome: StepOutcome,
        record: Option<NewStepRecord>,
        mut trail: Trail,
    ) -> Vec<Answer> {
        let did = format!(
            "{} told to service {}: {}",
            self.event.kind,
            service.key.service,
            what_it_did(&outcome)
        );
        trail.note_about(&self.event.message, self.runtime.clock.now(), "event", did);
        let (now, about) = (self.runtime.clock.now(), Some(&self.event.message));
        let mut people = wishes(&outcome.opt_outs, service, now, about, &mut trail);
        people.contacts.clone_from(&outcome.contacts);
        let plan = Plan::of_sends(self.runtime, service, outcome.sends, &mut trail);
        let effects = Effects {
            service: Some(service.id),
            kv: outcome.kv,
            people,
            outbound: plan.messages.clone(),
            metrics: outcome.metrics,
            log: outcome.log,
            record: record.clone(),
        };
        match self.commit(FollowUpEnd::Done, effects, trail).await {
            Ok(()) => plan.answers(self.root(), self.runtime.clock.now(), self.taken.lease),
            Err(StoreError::Refused(problem)) => {
                let failure = format!("what the service did was not stored: {problem}");
                self.fail(Some(service), &failure, record, Trail::default()).await;
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// Stores that telling failed: it is tried again after a while, and given up when that was often enough.
    async fn fail(
        &self,
        service: Option<&ServiceEntry>,
        failure: &str,
        record: Option<NewStepRecord>,
        mut trail: Trail,
    ) {
        let (now, attempts) = (self.runtime.clock.now(), self.taken.attempts + 1);
        let effects = Effects {
            record,
            ..logged(service, failure)
        };
        if attempts >= SCHEDULE.attempts {
            return self.give_up(effects, failure.to_owned(), attempts, trail).await;
        }
        let wait = SCHEDULE.wait(attempts, 0);
        let said = format!("{} not told: {failure}; again in {} s", self.event.kind, wait.as_secs());
        trail.note_about(&self.event.message, now, "event", said);
        let due_at = now + wait;
        let end = FollowUpEnd::Later { due_at, attempts };
        let _ = self.commit(end, effects, trail).await;
    }

    async fn give_up(&self, effects: Effects, reason: String, attempts: u32, mut trail: Trail) {
        tracing::warn!(event.id = %self.event.id, reason, "an event was given up");
        let said = format!("{} given up: {reason}", self.event.kind);
        trail.note_about(&self.event.message, self.runtime.clock.now(), "event", said);
        let _ = self
            .commit(FollowUpEnd::GivenUp { attempts, reason }, effects, trail)
            .await;
    }

    async fn commit(&self, end: FollowUpEnd, effects: Effects, trail: Trail) -> Result<(), StoreError> {
        let commit = Arc::new(FollowUpCommit {
            account: self.event.account,
            item: self.event.id.clone(),
            kind: QueueKind::Event,
            at: self.runtime.clock.now(),
            lease: self.taken.lease,
            end,
            effects,
            root: self.root().clone(),
            trail,
        });
        let committed = self
            .runtime
            .persist(|| self.runtime.store.commit_follow_up(Arc::clone(&commit)))
            .await;
        if let Err(error @ StoreError::Unavailable(_)) = &committed {
            tracing::error!(event.id = %self.event.id, %error, "what became of an event was not stored");
        }
        committed
    }

    /// The message whose trace tells of it.
    fn root(&self) -> &ngoma_message::MessageId {
        self.event.root.as_ref().unwrap_or(&self.event.message)
    }
}

/// Why a step counts as failed. It answers nobody: there is no message to answer.
fn failure_of(outcome: &StepOutcome) -> Option<String> {
    let answered = outcome.replies.first();
    let stray = answered.map(|reply| format!("Could not find original message with id: '{}'", reply.in_reply_to));
    outcome.error.as_ref().map(failure_text).or(stray)
}

/// A failure as its service's author reads it.
fn logged(service: Option<&ServiceEntry>, failure: &str) -> Effects {
    let line = LogLine {
        level: "error".into(),
        message: format!("an event was not taken: {failure}"),
    };
    Effects {
        service: service.map(|service| service.id),
        log: vec![line],
        ..Effects::default()
    }
}
