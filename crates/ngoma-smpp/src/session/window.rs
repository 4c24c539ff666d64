//! Our requests that wait for their answers.

use super::sequence::Sequence;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How many messages are kept in mind whose answers may still come late.
const LATE: usize = 1_024;

/// A message of ours in one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    Bind,
    Unbind,
    Enquiry,
    Message(Ticket),
}

#[derive(Debug)]
struct Held {
    pending: Pending,
    is_sent: bool,
    /// When it must have left; once it has, when it must be answered, by the clock for answers.
    due: Duration,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Window {
    sequence: Sequence,
    tickets: u64,
    held: BTreeMap<u32, Held>,
    /// Messages that had no answer in time, oldest first.
    late: VecDeque<(u32, Ticket)>,
}

impl Window {
    /// A number that no request of ours has.
    pub(super) fn next_number(&mut self) -> u32 {
        let (held, late) = (&self.held, &self.late);
        self.sequence
            .next(|number| held.contains_key(&number) || late.iter().any(|(taken, _)| *taken == number))
    }

    pub(super) fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// A request was written that must have left by then.
    pub(super) fn add(&mut self, sequence: u32, pending: Pending, due: Duration) {
        let is_sent = false;
        self.held.insert(sequence, Held { pending, is_sent, due });
    }

    /// A request has left and must be answered by then, by the clock for answers; gives the message's ticket.
    pub(super) fn sent(&mut self, sequence: u32, due: Duration) -> Option<Ticket> {
        let held = self.held.get_mut(&sequence)?;
        (held.is_sent, held.due) = (true, due);
        match held.pending {
            Pending::Message(ticket) => Some(ticket),
            Pending::Bind | Pending::Unbind | Pending::Enquiry => None,
        }
    }

    /// What waits under that number.
    pub(super) fn peek(&self, sequence: u32) -> Option<Pending> {
        self.held.get(&sequence).map(|held| held.pending)
    }

    /// Takes what an answer is to.
    pub(super) fn take(&mut self, sequence: u32) -> Option<Pending> {
        self.held.remove(&sequence).map(|held| held.pending)
    }

    /// The message whose answer comes late.
    pub(super) fn take_late(&mut self, sequence: u32) -> Option<Ticket> {
        let place = self.late.iter().position(|(number, _)| *number == sequence)?;
        self.late.remove(place).map(|(_, ticket)| ticket)
    }

    /// How many messages wait.
    pub(super) fn messages(&self) -> usize {
        let is_message = |held: &&Held| matches!(held.pending, Pending::Message(_));
        self.held.values().filter(is_message).count()
    }

    pub(super) fn has_enquiry(&self) -> bool {
        self.held.values().any(|held| held.pending == Pending::Enquiry)
    }

    /// When the first one is due that has not left yet.
    pub(super) fn next_due_to_leave(&self) -> Option<Duration> {
        let waiting = self.held.values().filter(|held| !held.is_sent);
        waiting.map(|held| held.due).min()
    }

    /// When the first answer is due, by the clock for answers.
    pub(super) fn next_due_answer(&self) -> Option<Duration> {
        let sent = self.held.values().filter(|held| held.is_sent);
        sent.map(|held| held.due).min()
    }

    /// Whether something that is due has not even left.
    pub(super) fn is_stalled(&self, now: Duration) -> bool {
        self.held.values().any(|held| held.due <= now && !held.is_sent)
    }

    /// Takes what must be answered by then, by the clock for answers; messages are kept in mind for late ones.
    pub(super) fn take_due(&mut self, shown: Duration) -> Vec<Pending> {
        let is_due = |held: &Held| held.is_sent && held.due <= shown;
        let due: Vec<(u32, Held)> = self.held.extract_if(.., |_, held| is_due(held)).collect();
        for (number, held) in &due {
            if let Pending::Message(ticket) = held.pending {
                if self.late.len() == LATE {
                    self.late.pop_front();
                }
                self.late.push_back((*number, ticket));
            }
        }
        due.into_iter().map(|(_, held)| held.pending).collect()
    }

    /// Takes all: the messages that have not left, and those that have.
    pub(super) fn take_all(&mut self) -> (Vec<Ticket>, Vec<Ticket>) {
        let (mut not_sent, mut unanswered) = (Vec::new(), Vec::new());
        for held in std::mem::take(&mut self.held).into_values() {
            match held.pending {
                Pending::Message(ticket) if held.is_sent => unanswered.push(ticket),
                Pending::Message(ticket) => not_sent.push(ticket),
                Pending::Bind | Pending::Unbind | Pending::Enquiry => {}
            }
        }
        (not_sent, unanswered)
    }
}
