//! What all links of a carrier share: how it behaves, what came, what it counts.

use crate::behaviour::{Behaviour, InvalidBehaviour, NextAnswer};
use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::links::Links;
use crate::log::{Limit, Log};
use crate::message::Message;
use crate::throttle::Throttle;
use ngoma_smpp::pdu::Bind;
use ngoma_smpp::{CommandStatus, Config, Handle};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How many messages are kept, and how much they may weigh, in octets.
const MESSAGES: Limit = Limit {
    count: 10_000,
    weight: 64 << 20,
};
/// How many binds are kept in mind.
const BINDS: Limit = Limit {
    count: 1_000,
    weight: usize::MAX,
};
/// How many one-shot answers may wait.
const NEXT_ANSWERS: usize = 10_000;
/// How many messages may wait for their delivery, whatever the behaviour says.
const MOST_QUEUED: usize = 100_000;

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Links that were accepted.
    pub links: u64,
    /// Binds that were granted.
    pub binds_granted: u64,
    /// Binds that were refused.
    pub binds_refused: u64,
    /// Messages that came.
    pub messages: u64,
    /// Messages that were taken; those whose answer was lost too.
    pub taken: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Answers that were lost.
    pub lost: u64,
    /// Receipts that the ESME took.
    pub receipts_taken: u64,
    /// Receipts that the ESME refused, or did not answer.
    pub receipts_not_taken: u64,
    /// Messages of people that were sent, each part by itself.
    pub delivered: u64,
}

/// More one-shot answers than are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {NEXT_ANSWERS} answers may wait; send fewer, or DELETE those that wait")]
pub struct Full;

/// What all links share.
#[derive(Debug)]
pub struct Carrier {
    /// Who it says it is.
    pub system_id: String,
    pub session: Config,
    pub ledger: Option<Ledger>,
    pub links: Links,
    pub messages: Log<Message>,
    pub asked: Log<Bind>,
    pub bound: Log<BoundHandle>,
    behaviour: watch::Sender<Behaviour>,
    answers: Mutex<VecDeque<NextAnswer>>,
    counts: Mutex<Counts>,
    dice: Mutex<Dice>,
    throttle: Mutex<Throttle>,
    next_id: AtomicU64,
    taken: AtomicU64,
    queued: AtomicUsize,
    reference: AtomicU8,
    is_over: watch::Sender<bool>,
}

/// A session that was bound.
#[derive(Clone)]
pub struct BoundHandle(pub Handle);

impl std::fmt::Debug for BoundHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BoundHandle").field(&self.0.status()).finish()
    }
}

/// What becomes of a message, as soon as its delay is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    pub state: String,
    pub err: String,
}

/// A place among the messages that wait for their delivery.
#[derive(Debug)]
pub struct QueuePlace(Arc<Carrier>);

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Carrier {
    pub fn new(settings: crate::Settings, ledger: Option<Ledger>) -> Self {
        Self {
            system_id: settings.system_id,
            session: settings.session,
            ledger,
            links: Links::default(),
            messages: Log::new(MESSAGES),
            asked: Log::new(BINDS),
            bound: Log::new(BINDS),
            behaviour: watch::Sender::new(settings.behaviour),
            answers: Mutex::default(),
            counts: Mutex::default(),
            dice: Mutex::new(Dice::new(settings.seed)),
            throttle: Mutex::default(),
            next_id: AtomicU64::new(settings.first_id),
            taken: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
            reference: AtomicU8::new(0),
            is_over: watch::Sender::new(false),
        }
    }

    pub fn behaviour(&self) -> Behaviour {
        self.behaviour.borrow().clone()
    }

    pub fn behave(&self, behaviour: Behaviour) -> Result<(), InvalidBehaviour> {
        behaviour.check()?;
        self.behaviour.send_replace(behaviour);
        Ok(())
    }

    /// Changes one thing that cannot be wrong.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        self.behaviour.send_modify(change);
    }

    /// Returns when nothing is held.
    pub async fn released(&self) {
        // The sender is ours: it is not gone.
        let _ = self.behaviour.subscribe().wait_for(|behaviour| !behaviour.hold).await;
    }

    /// Puts answers at the end of those that wait, all or none; gives how many wait.
    pub fn will(&self, answers: Vec<NextAnswer>) -> Result<usize, Full> {
        let mut waiting = held(&self.answers);
        if waiting.len() + answers.len() > NEXT_ANSWERS {
            return Err(Full);
        }
        waiting.extend(answers);
        Ok(waiting.len())
    }

    pub fn next_answer(&self) -> Option<NextAnswer> {
        held(&self.answers).pop_front()
    }

    pub fn answers(&self) -> Vec<NextAnswer> {
        held(&self.answers).iter().cloned().collect()
    }

    pub fn forget_answers(&self) {
        held(&self.answers).clear();
    }

    pub fn counts(&self) -> Counts {
        *held(&self.counts)
    }

    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut held(&self.counts));
    }

    /// How many messages wait for their delivery.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Why a message is not taken now.
    pub fn refusal(&self, behaviour: &Behaviour) -> Option<CommandStatus> {
        let limit = behaviour.queue_limit.and_then(|limit| usize::try_from(limit).ok());
        if self.queued() >= limit.unwrap_or(MOST_QUEUED).min(MOST_QUEUED) {
            return Some(CommandStatus::QUEUE_FULL);
        }
        let per_second = behaviour.throttle_per_second?;
        let is_taken = held(&self.throttle).take(per_second, Instant::now());
        (!is_taken).then_some(CommandStatus::THROTTLED)
    }

    pub fn queue_place(self: &Arc<Self>) -> QueuePlace {
        self.queued.fetch_add(1, Ordering::Relaxed);
        QueuePlace(Arc::clone(self))
    }

    /// The id of the next message that is taken.
    pub fn next_id(&self, behaviour: &Behaviour) -> String {
        behaviour.ids.in_answer(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// A number for the next long text of a person.
    pub fn next_reference(&self) -> u8 {
        self.reference.fetch_add(1, Ordering::Relaxed)
    }

    pub fn loses(&self, behaviour: &Behaviour) -> bool {
        held(&self.dice).falls_within(behaviour.lost_percent)
    }

    pub fn latency(&self, behaviour: &Behaviour) -> Duration {
        let jitter = held(&self.dice).up_to(behaviour.jitter_ms);
        Duration::from_millis(behaviour.latency_ms + jitter)
    }

    /// What becomes of the next message that is taken.
    pub fn next_fate(&self, behaviour: &Behaviour) -> Fate {
        let (terms, failing) = (&behaviour.receipts, &behaviour.receipts.failing);
        let number = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        let is_its_turn = failing.every.is_some_and(|every| number.is_multiple_of(every));
        let (state, err) = match is_its_turn || held(&self.dice).falls_within(failing.percent) {
            true => (&failing.state, &failing.err),
            false => (&terms.state, &terms.err),
        };
        Fate {
            state: state.clone(),
            err: err.clone(),
        }
    }

    /// Ends what waits for a bind or a moment.
    pub fn end(&self) {
        self.is_over.send_replace(true);
    }

    /// Returns when it ends.
    pub async fn ended(&self) {
        let _ = self.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
