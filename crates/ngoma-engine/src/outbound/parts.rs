//! A long text that its channel sends in parts: one after the other, each recorded before the next one leaves. So after
//! a crash at most one part may have been sent without anybody knowing, and those that were taken never go again.

use super::Turn;
use super::outcome::{decide, end, end_unsent, handed_over, pass_on, store_part};
use super::retry::Verdict;
use crate::bounds::bound_id;
use crate::channel::{Outbound, PartHeader, SendError, SendErrorKind, Sent};
use crate::channels::Running;
use crate::engine::Runtime;
use crate::panics::caught;
use crate::receipts::key_of_sent;
use crate::record::Status;
use crate::store::{AttemptResult, PartOutcome, PulledOutbound};
use crate::trace::Trail;
use ngoma_message::MessageId;
use std::time::Instant;

/// Sends the parts that were not taken yet, until one is not taken now.
pub(super) async fn send(runtime: &Runtime, running: &Running, taken: PulledOutbound, turn: Turn, texts: Vec<String>) {
    let count = texts.len();
    let Ok(total) = u8::try_from(count) else {
        let reason = format!("it would take {count} parts; a text has {} at most", u8::MAX);
        return end(runtime, running, &taken, Status::Failed, reason).await;
    };
    let begin = || {
        let (id, now) = (taken.message.id.clone(), runtime.clock.now());
        runtime.store.begin_parts(taken.account, id, total, now, taken.lease)
    };
    let statuses = match runtime.persist(begin).await {
        Ok(statuses) => statuses,
        Err(error) => {
            return tracing::error!(message.id = %taken.message.id, %error, "an attempt was not recorded: not sent");
        }
    };
    if statuses.len() != count {
        let before = statuses.len();
        let reason = format!("its text is cut into {count} parts now, and was into {before} when some were taken");
        return end(runtime, running, &taken, Status::Unknown, reason).await;
    }
    let mut parts = Parts {
        runtime,
        running,
        taken: &taken,
        turn: Some(turn),
        total,
        statuses,
    };
    if parts.next_due().is_none() {
        return parts.end_untried().await;
    }
    if let Some(turn) = &mut parts.turn {
        turn.come().await;
    }
    while let Some(number) = parts.next_due() {
        let text = &texts[usize::from(number) - 1];
        if !parts.try_one(number, text).await {
            return;
        }
    }
}

/// The process before this one ended while it sent one of the parts.
pub(super) async fn end_open_attempt(
    runtime: &Runtime,
    running: &Running,
    taken: &PulledOutbound,
    statuses: Vec<Status>,
    reason: &str,
) {
    let mut parts = Parts {
        runtime,
        running,
        taken,
        turn: None,
        total: u8::try_from(statuses.len()).unwrap_or(u8::MAX),
        statuses,
    };
    // The attempt was counted when it was recorded.
    let mut before = taken.clone();
    before.message.attempts = taken.message.attempts.saturating_sub(1);
    let Some(number) = parts.next_due() else {
        return parts.end_untried().await;
    };
    let verdict = decide(runtime, running, &before, SendErrorKind::Ambiguous);
    let error = SendError::new(SendErrorKind::Ambiguous, reason);
    parts.not_taken(number, error, verdict).await;
}

/// An attempt to send the parts of one message.
struct Parts<'a> {
    runtime: &'a Runtime,
    running: &'a Running,
    taken: &'a PulledOutbound,
    /// Kept until the first part is handed over.
    turn: Option<Turn>,
    total: u8,
    statuses: Vec<Status>,
}

impl Parts<'_> {
    /// The first part that is to be sent: one that never was, or one that may have been when that may be done again.
    fn next_due(&self) -> Option<u8> {
        let is_due = |status: &Status| match status {
            Status::Queued => true,
            Status::Unknown => self.taken.may_repeat,
            _ => false,
        };
        let place = self.statuses.iter().position(is_due)?;
        u8::try_from(place + 1).ok()
    }

    /// Sends one part and stores what came of it; says whether the attempt goes on.
    async fn try_one(&mut self, number: u8, text: &str) -> bool {
        let Self { runtime, taken, .. } = *self;
        if !runtime.holds(taken.lease).await {
            end_unsent(runtime, self.running, taken, Trail::default()).await;
            return false;
        }
        let part = Outbound {
            content: text.to_owned(),
            whole: Some(taken.message.content.as_str().into()),
            part: PartHeader::new(reference(&taken.message.id), self.total, number),
            ..taken.message.clone()
        };
        let sending = Instant::now();
        let sent = handed_over(caught(self.running.transport.send(&part)), self.turn.take()).await;
        runtime.metrics.measure_send(sending.elapsed());
        let broke_off = |panic| {
            let reason = format!("the channel broke off while it sent: {panic}");
            Err(SendError::new(SendErrorKind::Ambiguous, reason))
        };
        match sent.unwrap_or_else(broke_off) {
            Ok(sent) => self.was_taken(number, sent).await,
            Err(error) => {
                let verdict = decide(runtime, self.running, taken, error.kind);
                self.not_taken(number, error, verdict).await
            }
        }
    }

    async fn was_taken(&mut self, number: u8, sent: Sent) -> bool {
        let Sent { mut provider_id } = sent;
        let catalog = self.runtime.catalog();
        let channel = catalog.channel(self.running.id);
        let key = channel.zip(provider_id.as_deref());
        let carrier_key = key.map(|(channel, id)| key_of_sent(channel, id));
        bound_id(provider_id.as_mut());
        let named = provider_id.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
        let mut note = format!("part {number} of {} taken by the carrier{named}", self.total);
        self.set(number, Status::Sent);
        let result = match self.next_due() {
            Some(_) => AttemptResult::NextPart,
            None => self.end_of_all(provider_id.clone()),
        };
        if let AttemptResult::Over { status, reason, .. } = &result {
            note.push_str(&format!("; {status}: {reason}"));
        }
        let part = PartOutcome {
            number,
            status: Status::Sent,
            provider_id,
            carrier_key,
        };
        self.store(part, result, note).await
    }

    /// A part was not taken, or nobody knows.
    async fn not_taken(&mut self, number: u8, error: SendError, verdict: Verdict) -> bool {
        let now = self.runtime.clock.now();
        let reason = format!("part {number} of {}: {}", self.total, error.reason);
        let is_unknown = error.kind == SendErrorKind::Ambiguous;
        let may_pass_on = self.taken_so_far() == 0 && !self.statuses.contains(&Status::Unknown);
        let mut status = match is_unknown {
            true => Status::Unknown,
            false => Status::Queued,
        };
        let (result, note) = match verdict {
            Verdict::Later {
                after,
                counts,
                may_repeat,
            } => {
                let due_at = now + after;
                let note = format!("not taken: {reason}; {}; again in {} s", self.so_far(), after.as_secs());
                let later = AttemptResult::Later {
                    due_at,
                    counts,
                    may_repeat,
                };
                (later, note)
            }
            // What may have been sent is left; the parts after it are sent all the same.
            Verdict::Over { .. } if is_unknown && !self.taken.may_repeat && self.has_more_than(number) => {
                let later = AttemptResult::Later {
                    due_at: now,
                    counts: false,
                    may_repeat: false,
                };
                (later, format!("{reason}; it may have been sent and is not sent again"))
            }
            Verdict::Over { status: over, why } => {
                if over == Status::Failed {
                    status = Status::Failed;
                }
                let reason = format!("{reason}; {}", self.so_far());
                let note = format!("{over}: {reason}{why}");
                let mut trail = Trail::default();
                let other = (over == Status::Failed && may_pass_on)
                    .then(|| pass_on(self.runtime, self.running, self.taken, &mut trail));
                let result = other.flatten().unwrap_or(AttemptResult::Over {
                    status: over,
                    reason,
                    event: MessageId::generate(),
                });
                return self.store_noted(part_left(number, status), result, note, trail).await;
            }
        };
        self.set(number, status);
        self.store(part_left(number, status), result, note).await
    }

    /// What the message is when every part was tried.
    fn end_of_all(&self, provider_id: Option<String>) -> AttemptResult {
        let event = MessageId::generate();
        match self.statuses.contains(&Status::Unknown) {
            true => AttemptResult::Over {
                status: Status::Unknown,
                reason: format!("{}, the others may have been sent", self.so_far()),
                event,
            },
            false => AttemptResult::Sent {
                provider_id,
                carrier_key: None,
                event,
            },
        }
    }

    /// Ends a message of which nothing is left to be tried.
    async fn end_untried(&self) {
        let reason = format!("{}, the others may have been sent", self.so_far());
        end(self.runtime, self.running, self.taken, Status::Unknown, reason).await;
    }

    fn set(&mut self, number: u8, status: Status) {
        if let Some(held) = self.statuses.get_mut(usize::from(number) - 1) {
            *held = status;
        }
    }

    /// Whether another part than this one was never sent.
    fn has_more_than(&self, number: u8) -> bool {
        let others = (1..).zip(&self.statuses).filter(|(other, _)| *other != number);
        others.into_iter().any(|(_, status)| *status == Status::Queued)
    }

    fn taken_so_far(&self) -> usize {
        let is_taken = |status: &&Status| matches!(status, Status::Sent | Status::Delivered);
        self.statuses.iter().filter(is_taken).count()
    }

    /// `2 of 3 parts were taken`.
    fn so_far(&self) -> String {
        format!("{} of {} parts were taken", self.taken_so_far(), self.total)
    }

    async fn store(&self, part: PartOutcome, result: AttemptResult, note: String) -> bool {
        self.store_noted(part, result, note, Trail::default()).await
    }

    /// Stores what an attempt brought; says whether the next part may go.
    async fn store_noted(&self, part: PartOutcome, result: AttemptResult, note: String, after: Trail) -> bool {
        let id = &self.taken.message.id;
        let mut trail = Trail::default();
        trail.note_about(id, self.runtime.clock.now(), "send", note);
        trail.append(after);
        store_part(self.runtime, self.running, self.taken, Some(part), result, trail).await
    }
}

/// A part without an id of the carrier's.
fn part_left(number: u8, status: Status) -> PartOutcome {
    PartOutcome {
        number,
        status,
        provider_id: None,
        carrier_key: None,
    }
}

/// The sender's number of a text: always the same for a message, and another for the next one.
fn reference(message: &MessageId) -> u16 {
    let bytes = message.to_bytes().unwrap_or_default();
    u16::from_be_bytes([bytes[14], bytes[15]])
}
