//! Messages that were sent and not answered: an answer that comes late, or a receipt that can be of no other, tells what
//! became of them before they are sent again.

use ngoma_message::MessageId;
use ngoma_smpp::Ticket;
use std::collections::{HashMap, VecDeque};
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
    /// Whom messages are on their way to, how many, and when the last one was answered.
    under_way: Mutex<HashMap<String, (usize, Instant)>>,
}

/// A message that is on its way until this is dropped.
pub struct UnderWay<'a> {
    unanswered: &'a Unanswered,
    to: String,
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
        let now = Instant::now();
        let mut people = self.people();
        if people.len() >= KEPT {
            people.retain(|_, (count, last)| *count > 0 || now - *last < SETTLES);
        }
        people.entry(to.to_owned()).or_insert((0, now)).0 += 1;
        UnderWay {
            unanswered: self,
            to: to.to_owned(),
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
        let is_settled = match self.people().get(to) {
            Some((count, last)) => *count == 0 && now - *last >= SETTLES,
            None => true,
        };
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

    fn people(&self) -> MutexGuard<'_, HashMap<String, (usize, Instant)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut people = self.unanswered.people();
        if let Some((count, last)) = people.get_mut(&self.to) {
            *count -= 1;
            *last = Instant::now();
        }
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
