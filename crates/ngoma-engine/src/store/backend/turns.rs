//! What waits for a writer, by account: each account has its turn, so that nobody waits for all that another has handed
//! over (F37).

use std::collections::{HashMap, VecDeque};

/// What waits, of each account in the order it came.
pub(super) struct Turns<T> {
    /// Accounts with something waiting; none of them is empty.
    lines: HashMap<i64, VecDeque<T>>,
    /// Whose turn is next.
    order: VecDeque<i64>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> Turns<T> {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds something of an account behind what it has waiting.
    pub(super) fn push(&mut self, account: i64, item: T) {
        let line = self.lines.entry(account).or_default();
        if line.is_empty() {
            self.order.push_back(account);
        }
        line.push_back(item);
    }

    /// Takes the oldest of the account whose turn it is, if it is as wanted; else the account keeps its turn.
    pub(super) fn next_if(&mut self, is_wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let first = self.lines.get(self.order.front()?)?.front()?;
        if !is_wanted(first) {
            return None;
        }
        let account = self.order.pop_front()?;
        let line = self.lines.get_mut(&account)?;
        let item = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&account);
        } else {
            self.order.push_back(account);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accounts_take_turns_and_keep_their_own_order() {
        let mut turns = Turns::default();
        for (account, item) in [(1, "a"), (1, "b"), (1, "c"), (2, "x"), (3, "p"), (2, "y")] {
            turns.push(account, item);
        }
        let mut taken = vec![turns.next_if(|_| true), turns.next_if(|_| true)];
        turns.push(4, "n");
        taken.extend(std::iter::from_fn(|| turns.next_if(|_| true)).map(Some));
        let taken: Vec<&str> = taken.into_iter().flatten().collect();
        assert_eq!(taken, ["a", "x", "p", "b", "y", "n", "c"]);
        assert!(turns.is_empty() && turns.lines.is_empty());
    }

    proptest! {
        #[test]
        fn whoever_hands_over_something_waits_for_one_turn_of_each_other(
            flood in 0_usize..1000,
            others in 0_i64..20,
        ) {
            let mut turns = Turns::default();
            for _ in 0..flood {
                turns.push(1, 1);
            }
            for other in 0..others {
                turns.push(10 + other, 10 + other);
            }
            turns.push(2, 2);
            let before = std::iter::from_fn(|| turns.next_if(|_| true)).take_while(|item| *item != 2).count();
            prop_assert_eq!(before, flood.min(1) + others as usize);
        }
    }
}
