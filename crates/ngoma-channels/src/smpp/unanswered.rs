//! Messages that were sent and not answered: an answer that comes late, or a receipt that can be of no other, tells what
//! became of them before they are sent again.

use ngoma_message::MessageId;
use ngoma_smpp::Ticket;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many are kept in mind; the oldest are forgotten.
const KEPT: usize = 4_096;
/// How long one is kept in mind: longer than any wait for a receipt before it is sent again.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// How long after its answer a message counts as under way: until what the answer said is in the store.
const SETTLES: Duration = Duration::from_secs(5);

/// Messages of one channel that were sent and not answered.
#[derive(Default)]
pub struct Unanswered {
    sent: Mutex<VecDeque<Sent>>,
    people: Mutex<People>,
}

/// Whom messages are on their way to, or were a moment ago; by a hash, since it is done for each message.
struct People {
    names: RandomState,
    under_way: HashMap<u64, usize>,
    /// Those who were sent something since `turned`, and in the time as long before that.
    settling: [HashSet<u64>; 2],
    turned: Instant,
}

/// A message that is on its way until this is dropped.
pub struct UnderWay<'a> {
    unanswered: &'a Unanswered,
    person: u64,
}

impl Default for People {
    fn default() -> Self {
        Self {
            names: RandomState::new(),
            under_way: HashMap::new(),
            settling: Default::default(),
            turned: Instant::now(),
        }
    }
}

impl People {
    fn begin(&mut self, to: &str) -> u64 {
        let person = self.names.hash_one(to);
        *self.under_way.entry(person).or_default() += 1;
        person
    }

    fn end(&mut self, person: u64, now: Instant) {
        if let Entry::Occupied(mut count) = self.under_way.entry(person) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        self.turn(now);
        self.settling[0].insert(person);
    }

    /// Whether nothing is on its way to that person, and has not been for a while.
    fn is_settled(&mut self, to: &str, now: Instant) -> bool {
        self.turn(now);
        let person = self.names.hash_one(to);
        !self.under_way.contains_key(&person) && !self.settling.iter().any(|since| since.contains(&person))
    }

    fn turn(&mut self, now: Instant) {
        let passed = now - self.turned;
        if passed >= SETTLES {
            self.settling.swap(0, 1);
            self.settling[0].clear();
            self.turned = now;
        }
        if passed >= 2 * SETTLES {
            self.settling[1].clear();
        }
    }
}

/// One of them.
pub struct Sent {
    /// Our id of it; nothing of a part, which is no message of its own.
    pub message: Option<MessageId>,
    /// By which link, and its place there.
    pub link: u64,
    pub ticket: Ticket,
    /// What was sent with it to know it by (SMPP 3.4 §5.3.2.17).
    pub reference: Option<u16>,
    /// Whom it was for, as the carrier was told.
    pub to: String,
    pub at: Instant,
}

impl Unanswered {
    /// A message goes to that person now.
    pub fn begin(&self, to: &str) -> UnderWay<'_> {
        UnderWay {
            unanswered: self,
            person: self.people().begin(to),
        }
    }

    /// Keeps one in mind.
    pub fn note(&self, sent: Sent) {
        let mut held = self.held();
        held.retain(|other| {
            sent.at - other.at < KEPT_FOR && (other.message.is_none() || other.message != sent.message)
        });
        if held.len() == KEPT {
            held.pop_front();
        }
        held.push_back(sent);
    }

    /// What became of one is known: by another attempt, by its answer, or by a receipt.
    pub fn forget(&self, message: &MessageId) {
        let mut held = self.held();
        if !held.is_empty() {
            held.retain(|sent| sent.message.as_ref() != Some(message));
        }
    }

    /// The message whose answer comes late by that link.
    pub fn answered(&self, link: u64, ticket: Ticket) -> Option<MessageId> {
        let mut held = self.held();
        let place = held
            .iter()
            .position(|sent| (sent.link, sent.ticket) == (link, ticket))?;
        held.remove(place).and_then(|sent| sent.message)
    }

    /// The message that a receipt of an id nobody knows is about: the one to that person with its reference, else the only
    /// one to that person. Of several it may be any, a part is no message of its own, and of one that is on its way the
    /// receipt may have come before the answer: then nothing is known.
    pub fn receipted(&self, reference: Option<u16>, to: &str, now: Instant) -> Option<MessageId> {
        let is_settled = self.people().is_settled(to, now);
        let held = self.held();
        let mut for_them = held.iter().filter(|sent| sent.to == to && now - sent.at < KEPT_FOR);
        if let Some(reference) = reference {
            return for_them.find(|sent| sent.reference == Some(reference))?.message.clone();
        }
        let only = for_them.next().filter(|_| is_settled && for_them.next().is_none());
        only?.message.clone()
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.unanswered.people().end(self.person, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(sent: &[(Option<&str>, &str, Option<u16>)]) -> Unanswered {
        let unanswered = Unanswered::default();
        for (message, to, reference) in sent {
            unanswered.note(Sent {
                message: message.map(MessageId::from),
                link: 1,
                ticket: Ticket::default(),
                reference: *reference,
                to: (*to).into(),
                at: Instant::now(),
            });
        }
        unanswered
    }

    fn id(text: &str) -> Option<MessageId> {
        Some(text.into())
    }

    #[test]
    fn a_receipt_is_of_the_one_message_it_can_be_of() {
        let check = |sent: &[(Option<&str>, &str, Option<u16>)], reference, to: &str, expected: Option<&str>| {
            let found = held(sent).receipted(reference, to, Instant::now());
            assert_eq!(found, expected.and_then(id), "{sent:?} {reference:?} {to}");
        };
        let (a, b) = (Some("a"), Some("b"));
        check(&[], None, "27", None);
        check(&[(a, "27", None)], None, "27", a);
        check(&[(a, "27", None)], None, "28", None);
        check(&[(a, "27", None), (b, "28", None)], None, "28", b);
        check(&[(a, "27", None), (b, "27", None)], None, "27", None);
        check(&[(a, "27", Some(1)), (b, "27", Some(2))], Some(2), "27", b);
        // Another's reference, or one of before the channel was opened.
        check(&[(a, "27", Some(1))], Some(9), "27", None);
        check(&[(a, "27", Some(1))], Some(1), "28", None);
        // It may be of the part.
        check(&[(a, "27", None), (None, "27", None)], None, "27", None);
        check(&[(None, "27", None)], None, "27", None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_receipt_may_be_early_of_a_message_under_way() {
        let unanswered = held(&[(Some("a"), "27", None)]);
        let found = || unanswered.receipted(None, "27", Instant::now());
        let under_way = [unanswered.begin("27"), unanswered.begin("27")];
        assert_eq!(found(), None);
        drop(under_way);
        assert_eq!(found(), None, "the answer may not be in the store yet");
        tokio::time::advance(SETTLES).await;
        assert_eq!(found(), None, "it was a moment ago");
        tokio::time::advance(SETTLES).await;
        assert_eq!(found(), id("a"));
        tokio::time::advance(KEPT_FOR).await;
        assert_eq!(found(), None, "it is long ago");
    }

    #[test]
    fn a_message_is_kept_once_and_forgotten_when_it_was_answered() {
        let twice = held(&[(Some("a"), "27", None), (Some("a"), "27", None)]);
        assert_eq!(twice.held().len(), 1);
        assert_eq!(twice.answered(2, Ticket::default()), None);
        assert_eq!(twice.answered(1, Ticket::default()), id("a"));
        let parts = held(&[(None, "27", None), (None, "27", None)]);
        assert_eq!(parts.held().len(), 2);
        let known = held(&[(Some("a"), "27", None)]);
        known.forget(&"a".into());
        assert!(known.held().is_empty());
    }
}
