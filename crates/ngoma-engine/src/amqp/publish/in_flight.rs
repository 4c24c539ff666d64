//! Which publications are sent and not yet settled, and what became of each; no IO.
//!
//! The broker hands back what it cannot route (`basic.return`) and then confirms it like everything else. The library
//! gives what came back to whichever confirmation it sees next, of a confirmation for many (`multiple`) to any of them.
//! So what came back is matched here by its identity, and a publication is settled only when all sent before it are
//! confirmed: by then everything that came back for it has been given to some confirmation, since the broker hands back
//! in the order of sending, each before its own confirmation, and the library takes the oldest first.

use super::publication::{Identity, Published};
use std::collections::{HashMap, VecDeque};
use tokio::time::Instant;

/// What the broker says about one publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// It is durable, or it was handed back.
    Taken,
    /// A nack, or the like.
    Refused(String),
}

/// Publications in the order they were sent. `T` is who waits for the word on one.
pub(super) struct InFlight<T> {
    entries: VecDeque<Entry<T>>,
    /// The number of the first entry.
    first: u64,
    /// How often something with this identity came back and was not told yet.
    returned: HashMap<Identity, u32>,
}

struct Entry<T> {
    identity: Identity,
    deadline: Instant,
    /// Nobody when the word came too late.
    owner: Option<T>,
    confirmation: Option<Confirmation>,
    is_settled: bool,
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            returned: HashMap::new(),
        }
    }
}

impl<T> InFlight<T> {
    /// How many there are, those included whose owner was told that the word is late.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody waits for a word.
    pub(super) fn is_quiet(&self) -> bool {
        self.entries.iter().all(|entry| entry.owner.is_none())
    }

    /// One is sent. Returns its number; deadlines never go back.
    pub(super) fn add(&mut self, identity: Identity, deadline: Instant, owner: T) -> u64 {
        self.entries.push_back(Entry {
            identity,
            deadline,
            owner: Some(owner),
            confirmation: None,
            is_settled: false,
        });
        self.first + self.entries.len() as u64 - 1
    }

    /// The broker's word on one, and what the library gave with it. To be called in the order in which words came.
    pub(super) fn confirm(&mut self, number: u64, confirmation: Confirmation, returned: Option<Identity>) {
        if let Some(identity) = returned {
            *self.returned.entry(identity).or_default() += 1;
        }
        let index = number
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) {
            entry.confirmation = Some(confirmation);
        }
    }

    /// Those that are settled now, with what became of them.
    pub(super) fn settle(&mut self) -> Vec<(T, Published)> {
        let mut settled = Vec::new();
        for entry in &mut self.entries {
            match &entry.confirmation {
                Some(confirmation) if !entry.is_settled => {
                    entry.is_settled = true;
                    let published = outcome(confirmation, take(&mut self.returned, &entry.identity));
                    settled.extend(entry.owner.take().map(|owner| (owner, published)));
                }
                None if entry.owner.is_some() => break,
                // The word on a late one may never come; it does not hold up those behind it.
                _ => {}
            }
        }
        while self.entries.front().is_some_and(|entry| entry.is_settled) {
            self.entries.pop_front();
            self.first += 1;
        }
        settled
    }

    /// The owners whose deadline has passed without a word. Their entries stay: the broker still holds them in its memory.
    /// They hold up nobody any more, so there may be something to [`settle`](Self::settle).
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<T> {
        let due = self.entries.iter_mut().take_while(|entry| entry.deadline <= now);
        let late = due.filter(|entry| entry.confirmation.is_none());
        late.filter_map(|entry| entry.owner.take()).collect()
    }

    /// Everything is lost: those who still wait.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        self.first += self.entries.len() as u64;
        self.returned.clear();
        self.entries.drain(..).filter_map(|entry| entry.owner).collect()
    }

    /// When the next owner's deadline passes.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.entries
            .iter()
            .find(|entry| entry.owner.is_some())
            .map(|entry| entry.deadline)
    }
}

fn outcome(confirmation: &Confirmation, is_returned: bool) -> Published {
    match confirmation {
        _ if is_returned => Published::Unroutable,
        Confirmation::Taken => Published::Durable,
        Confirmation::Refused(reason) => Published::Refused(reason.clone()),
    }
}

fn take(returned: &mut HashMap<Identity, u32>, identity: &Identity) -> bool {
    let Some(count) = returned.get_mut(identity) else {
        return false;
    };
    *count -= 1;
    if *count == 0 {
        returned.remove(identity);
    }
    true
}
