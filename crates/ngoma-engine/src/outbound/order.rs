//! The order of what goes to one person by one channel: a message is not handed to the transport before those that came
//! earlier, unless they have to wait for another reason.

use ngoma_message::Address;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

type Key = (i64, Address);
type Last = Arc<Mutex<HashMap<Key, Before>>>;

/// A place in line before another.
struct Before {
    number: u64,
    /// Tells when that one has had its turn, or has given it up: then whom it waited for.
    done: oneshot::Receiver<Option<Before>>,
}

/// Who is last in each line.
#[derive(Clone, Default)]
pub(crate) struct Order {
    last: Last,
}

/// A message's place in its line; whoever is behind goes on when it is dropped.
pub(crate) struct Turn {
    number: u64,
    before: Option<Before>,
    done: Option<oneshot::Sender<Option<Before>>>,
    key: Key,
    last: Last,
}

impl Order {
    /// Stands in line for a person at a channel, and does what is to be done in the same order.
    pub(crate) fn line_up<T>(&self, channel: i64, person: &Address, also: impl FnOnce() -> T) -> (Turn, T) {
        let key = (channel, person.clone());
        let (done, told) = oneshot::channel();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let number = last.get(&key).map_or(0, |before| before.number + 1);
        let before = last.insert(key.clone(), Before { number, done: told });
        let turn = Turn {
            number,
            before,
            done: Some(done),
            key,
            last: Arc::clone(&self.last),
        };
        // Nobody else lines up meanwhile.
        (turn, also())
    }
}

impl Turn {
    /// Returns when all before it have had their turns or have given them up.
    pub(crate) async fn come(&mut self) {
        while let Some(before) = &mut self.before {
            self.before = (&mut before.done).await.ok().flatten();
        }
    }

    /// Whom it waits for still.
    fn take_before(&mut self) -> Option<Before> {
        let mut before = self.before.take();
        while let Some(mut held) = before {
            match held.done.try_recv() {
                Ok(next) => before = next,
                Err(TryRecvError::Empty) => return Some(held),
                Err(TryRecvError::Closed) => return None,
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let last = Arc::clone(&self.last);
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.take_before();
        let is_last = last.get(&self.key).is_some_and(|held| held.number == self.number);
        match (is_last, before) {
            // Whoever lines up next waits for those that are still there.
            (true, Some(before)) => drop(last.insert(self.key.clone(), before)),
            (true, None) => drop(last.remove(&self.key)),
            (false, before) => {
                let _ = self.done.take().map(|done| done.send(before));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use proptest::prelude::*;

    fn line_up(order: &Order, channel: i64, person: &Address) -> Turn {
        order.line_up(channel, person, || ()).0
    }

    fn has_come(turn: &mut Turn) -> bool {
        turn.come().now_or_never().is_some()
    }

    #[test]
    fn each_waits_for_those_before_and_nobody_for_another_person() {
        let order = Order::default();
        let (one, other) = (Address::new("tel", "+1"), Address::new("tel", "+2"));
        let [mut first, mut second, mut third] = [(); 3].map(|()| line_up(&order, 1, &one));
        assert!(has_come(&mut line_up(&order, 1, &other)));
        assert!(has_come(&mut line_up(&order, 2, &one)));
        assert!(has_come(&mut first));
        assert!(!has_come(&mut second));
        // One that gives up lets nobody overtake.
        drop(second);
        assert!(!has_come(&mut third));
        drop(first);
        assert!(has_come(&mut third));
        drop(third);
        assert!(order.last.lock().unwrap().is_empty());
    }

    #[test]
    fn who_lines_up_after_the_line_was_empty_waits_for_nobody() {
        let order = Order::default();
        let one = Address::new("tel", "+1");
        drop(line_up(&order, 1, &one));
        assert!(has_come(&mut line_up(&order, 1, &one)));
        let (_first, second) = (line_up(&order, 1, &one), line_up(&order, 1, &one));
        drop(second);
        // The first is still in line, though the last one left.
        let mut third = line_up(&order, 1, &one);
        assert!(!has_come(&mut third));
        drop(_first);
        assert!(has_come(&mut third));
        drop(third);
        assert!(order.last.lock().unwrap().is_empty());
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        LineUp,
        Leave(usize),
    }

    proptest! {
        /// Whoever leaves when, each comes when nobody is before it any more, and an empty line is forgotten.
        #[test]
        fn it_is_the_order_in_which_they_came(
            steps in prop::collection::vec(
                prop_oneof![Just(Step::LineUp), any::<usize>().prop_map(Step::Leave)],
                0..60,
            ),
        ) {
            let order = Order::default();
            let one = Address::new("tel", "+1");
            let mut line: Vec<Turn> = Vec::new();
            for step in steps {
                match step {
                    Step::LineUp => line.push(line_up(&order, 1, &one)),
                    Step::Leave(place) if !line.is_empty() => drop(line.remove(place % line.len())),
                    Step::Leave(_) => {}
                }
                for (place, turn) in line.iter_mut().enumerate() {
                    prop_assert_eq!(has_come(turn), place == 0);
                }
            }
            line.clear();
            prop_assert!(order.last.lock().unwrap().is_empty());
        }
    }
}
