//! The book of what is in flight, against a broker and a library that are played.

use super::in_flight::{Confirmation, InFlight};
use super::publication::{Identity, Published};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

fn identity(id: usize) -> Identity {
    Identity {
        exchange: "vumi".to_owned(),
        routing_key: "sms.inbound".to_owned(),
        message_id: id.to_string(),
    }
}

fn sent(count: usize) -> InFlight<usize> {
    let mut book = InFlight::default();
    let start = Instant::now();
    for id in 0..count {
        book.add(identity(id), start + Duration::from_secs(id as u64), id);
    }
    book
}

fn refused() -> Confirmation {
    Confirmation::Refused("full".to_owned())
}

#[test]
fn words_are_given_to_those_they_are_about_in_the_order_of_sending() {
    let mut book = sent(3);
    book.confirm(2, Confirmation::Taken, None);
    assert_eq!(book.settle(), []);
    book.confirm(0, refused(), None);
    assert_eq!(book.settle(), [(0, Published::Refused("full".to_owned()))]);
    book.confirm(1, Confirmation::Taken, None);
    assert_eq!(book.settle(), [(1, Published::Durable), (2, Published::Durable)]);
    assert_eq!((book.len(), book.is_quiet()), (0, true));
}

#[test]
fn what_came_back_with_the_confirmation_of_another_is_unroutable_all_the_same() {
    let mut book = sent(3);
    book.confirm(0, Confirmation::Taken, Some(identity(1)));
    book.confirm(2, Confirmation::Taken, None);
    book.confirm(1, Confirmation::Taken, None);
    let expected = [
        (0, Published::Durable),
        (1, Published::Unroutable),
        (2, Published::Durable),
    ];
    assert_eq!(book.settle(), expected);
}

#[test]
fn a_late_one_is_told_once_holds_nobody_up_and_keeps_its_place() {
    let mut book = sent(3);
    let start = book.next_deadline().expect("it has some");
    assert!(book.take_late(start - Duration::from_nanos(1)).is_empty());
    assert_eq!(book.take_late(start), [0]);
    assert!(book.take_late(start).is_empty());
    assert_eq!(book.next_deadline(), Some(start + Duration::from_secs(1)));
    book.confirm(1, Confirmation::Taken, None);
    book.confirm(2, refused(), None);
    assert_eq!(book.settle().len(), 2);
    assert_eq!((book.len(), book.is_quiet()), (3, true));
    book.confirm(0, Confirmation::Taken, Some(identity(0)));
    assert_eq!(book.settle(), []);
    assert_eq!(book.len(), 0);
}

#[test]
fn one_that_was_only_held_up_is_not_late() {
    let mut book = sent(2);
    book.confirm(1, Confirmation::Taken, None);
    assert_eq!(book.take_late(Instant::now() + Duration::from_secs(60)), [0]);
    assert_eq!(book.settle(), [(1, Published::Durable)]);
}

#[test]
fn the_end_of_a_connection_leaves_nothing_behind() {
    let mut book = sent(2);
    book.confirm(1, Confirmation::Taken, Some(identity(0)));
    assert_eq!(book.take_all(), [0, 1]);
    let number = book.add(identity(0), Instant::now(), 7);
    book.confirm(1, refused(), None);
    assert_eq!(book.settle(), []);
    book.confirm(number, Confirmation::Taken, None);
    assert_eq!(book.settle(), [(7, Published::Durable)]);
}

/// A broker and the library in front of it. What cannot be routed comes back at once and is confirmed with the next
/// flush; what can be routed is confirmed with any later flush. The library gives what came back, the oldest first, to
/// the confirmations as it goes through them, in any order within a flush.
#[derive(Default)]
struct Broker {
    returned: VecDeque<usize>,
    unconfirmed: Vec<(usize, bool)>,
}

impl Broker {
    fn receive(&mut self, id: usize, is_routable: bool) {
        self.unconfirmed.push((id, is_routable));
        self.returned.extend((!is_routable).then_some(id));
    }

    /// Confirms all that cannot be routed and those of the others that `choice` names, in an order that it chooses.
    fn flush(&mut self, choice: u64) -> Vec<(usize, Option<usize>)> {
        let is_chosen = |id: usize| choice >> (id % 64) & 1 == 1;
        let due = |&(id, is_routable): &(usize, bool)| !is_routable || is_chosen(id);
        let (mut now, later) = self.unconfirmed.iter().partition::<Vec<_>, _>(|one| due(one));
        self.unconfirmed = later;
        now.sort_by_key(|(id, _)| choice.rotate_left(*id as u32));
        now.into_iter().map(|(id, _)| (id, self.returned.pop_front())).collect()
    }
}

proptest! {
    #[test]
    fn every_publication_gets_its_own_outcome(
        rounds in prop::collection::vec((prop::collection::vec(any::<bool>(), 0..20), any::<u64>()), 1..20),
    ) {
        let mut book = InFlight::default();
        let mut broker = Broker::default();
        let mut routable = Vec::new();
        let mut outcomes = Vec::new();
        let last = (Vec::new(), u64::MAX);
        for (batch, choice) in rounds.into_iter().chain([last]) {
            for is_routable in batch {
                let number = book.add(identity(routable.len()), Instant::now(), routable.len());
                prop_assert_eq!(number, routable.len() as u64);
                broker.receive(routable.len(), is_routable);
                routable.push(is_routable);
            }
            for (id, returned) in broker.flush(choice) {
                book.confirm(id as u64, Confirmation::Taken, returned.map(identity));
                outcomes.extend(book.settle());
            }
        }
        let expected = routable.iter().map(|is_routable| match is_routable {
            true => Published::Durable,
            false => Published::Unroutable,
        });
        prop_assert_eq!(outcomes, expected.enumerate().collect::<Vec<_>>());
        prop_assert_eq!(book.len(), 0);
    }
}
