//! Messages that were sent and not answered: an answer that comes late, or a receipt that can be of no other, tells what
//! became of them before they are sent again.

use ngoma_message::MessageId;
use ngoma_smpp::Ticket;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are kept in mind; the oldest are forgotten.
const KEPT: usize = 4_096;

/// Messages of one channel that were sent and not answered.
#[derive(Default)]
pub struct Unanswered {
    sent: Mutex<VecDeque<Sent>>,
    /// Whom messages are on their way to whose answers may still come in time.
    under_way: Mutex<HashMap<String, usize>>,
}

/// A message that is on its way until this is dropped.
pub struct UnderWay<'a> {
    unanswered: &'a Unanswered,
    to: String,
}

/// One of them.
pub struct Sent {
    /// Our id of it.
    pub message: MessageId,
    /// By which link, and its place there.
    pub link: u64,
    pub ticket: Ticket,
    /// What was sent with it to know it by (SMPP 3.4 §5.3.2.17).
    pub reference: Option<u16>,
    /// Whom it was for, as the carrier was told.
    pub to: String,
}

impl Unanswered {
    /// A message goes to that person now.
    pub fn begin(&self, to: &str) -> UnderWay<'_> {
        *self.people().entry(to.to_owned()).or_default() += 1;
        UnderWay {
            unanswered: self,
            to: to.to_owned(),
        }
    }

    /// Keeps one in mind.
    pub fn note(&self, sent: Sent) {
        let mut held = self.held();
        held.retain(|other| other.message != sent.message);
        if held.len() == KEPT {
            held.pop_front();
        }
        held.push_back(sent);
    }

    /// One was answered since: by another attempt.
    pub fn forget(&self, message: &MessageId) {
        let mut held = self.held();
        if !held.is_empty() {
            held.retain(|sent| sent.message != *message);
        }
    }

    /// The message whose answer comes late by that link.
    pub fn answered(&self, link: u64, ticket: Ticket) -> Option<MessageId> {
        let mut held = self.held();
        let place = held
            .iter()
            .position(|sent| (sent.link, sent.ticket) == (link, ticket))?;
        held.remove(place).map(|sent| sent.message)
    }

    /// The message that a receipt of an id nobody knows is about: the one with its reference, else the only one for that
    /// person. Of several it may be any, and of one that is on its way it may have come before the answer: then nothing is
    /// known.
    pub fn receipted(&self, reference: Option<u16>, to: &str) -> Option<MessageId> {
        let is_under_way = self.people().contains_key(to);
        let mut held = self.held();
        let by_reference =
            reference.and_then(|reference| held.iter().position(|sent| sent.reference == Some(reference)));
        let place = match by_reference {
            Some(place) => place,
            None if is_under_way => return None,
            None => {
                let mut for_them = held.iter().enumerate().filter(|(_, sent)| sent.to == to);
                let (place, _) = for_them.next()?;
                if for_them.next().is_some() {
                    return None;
                }
                place
            }
        };
        held.remove(place).map(|sent| sent.message)
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut people = self.unanswered.people();
        if let Some(count) = people.get_mut(&self.to) {
            *count -= 1;
            if *count == 0 {
                people.remove(&self.to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(sent: &[(&str, &str, Option<u16>)]) -> Unanswered {
        let unanswered = Unanswered::default();
        for (message, to, reference) in sent {
            unanswered.note(Sent {
                message: (*message).into(),
                link: 1,
                ticket: Ticket::default(),
                reference: *reference,
                to: (*to).into(),
            });
        }
        unanswered
    }

    #[test]
    fn a_receipt_is_of_the_one_message_it_can_be_of() {
        let check = |sent: &[(&str, &str, Option<u16>)], reference, to: &str, expected: Option<&str>| {
            let found = held(sent).receipted(reference, to);
            assert_eq!(found, expected.map(MessageId::from), "{sent:?} {reference:?} {to}");
        };
        check(&[], None, "27", None);
        check(&[("a", "27", None)], None, "27", Some("a"));
        check(&[("a", "27", None)], None, "28", None);
        check(&[("a", "27", None), ("b", "28", None)], None, "28", Some("b"));
        check(&[("a", "27", None), ("b", "27", None)], None, "27", None);
        check(&[("a", "27", Some(1)), ("b", "27", Some(2))], Some(2), "27", Some("b"));
        check(&[("a", "27", Some(1))], Some(9), "27", Some("a"));
    }

    #[test]
    fn a_receipt_may_be_early_of_a_message_under_way() {
        let unanswered = held(&[("a", "27", None)]);
        let under_way = [unanswered.begin("27"), unanswered.begin("27")];
        assert_eq!(unanswered.receipted(None, "27"), None);
        drop(under_way);
        assert_eq!(unanswered.receipted(None, "27"), Some("a".into()));
        assert_eq!(unanswered.receipted(None, "27"), None, "it is known now");
    }

    #[test]
    fn a_message_is_kept_once_and_forgotten_when_it_was_answered() {
        let unanswered = held(&[("a", "27", None), ("a", "27", None)]);
        assert_eq!(unanswered.held().len(), 1);
        assert_eq!(unanswered.answered(2, Ticket::default()), None);
        assert_eq!(unanswered.answered(1, Ticket::default()), Some("a".into()));
        let unanswered = held(&[("a", "27", None)]);
        unanswered.forget(&"a".into());
        assert!(unanswered.held().is_empty());
    }
}
