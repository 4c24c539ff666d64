//! Which deliveries are leased and not settled; no IO.

use std::collections::BTreeSet;

/// The right to work on a delivery, until it is settled or the connection it came by is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseToken {
    /// The subscription, which is one for as long as the bus lives.
    pub(super) subscription: u64,
    /// Which of the subscription's channels; the next one has the next number.
    pub(super) generation: u64,
    /// The broker's number on that channel.
    pub(super) tag: u64,
}

/// The lease is gone: the broker delivers the message again, or somebody else works on it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease is lost, the message is delivered again")]
pub struct LeaseLost;

/// An acknowledgement as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Acknowledgement {
    pub(super) tag: u64,
    pub(super) reach: Reach,
}

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Only that number.
    One,
    /// All up to it.
    UpTo,
}

/// The leases of one subscription.
#[derive(Debug, Default)]
pub(super) struct Leases {
    generation: u64,
    /// The numbers on the present channel that are delivered and not settled.
    open: BTreeSet<u64>,
}

impl Leases {
    /// A new channel, or none: all leases are lost.
    pub(super) fn begin_generation(&mut self) {
        self.generation += 1;
        self.open.clear();
    }

    /// A delivery has come by the present channel.
    pub(super) fn grant(&mut self, subscription: u64, tag: u64) -> LeaseToken {
        self.open.insert(tag);
        LeaseToken {
            subscription,
            generation: self.generation,
            tag,
        }
    }

    /// Whether it came by the present channel.
    pub(super) fn is_present(&self, token: &LeaseToken) -> bool {
        token.generation == self.generation
    }

    /// Whether nothing is left to settle.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Settles what is open among them; returns the numbers that the broker is to be told. One that is settled already is
    /// not told again: the broker would end the channel over it.
    pub(super) fn settle<'a>(&mut self, tokens: impl IntoIterator<Item = &'a LeaseToken>) -> BTreeSet<u64> {
        let present = tokens.into_iter().filter(|token| token.generation == self.generation);
        let open = &mut self.open;
        present.map(|token| token.tag).filter(|tag| open.remove(tag)).collect()
    }

    /// The fewest acknowledgements for numbers that are just settled.
    pub(super) fn acknowledgements(&self, settled: &BTreeSet<u64>) -> Vec<Acknowledgement> {
        let is_before_all_open = |tag: &&u64| self.open.first().is_none_or(|first| *tag < first);
        let last_in_row = settled.iter().take_while(is_before_all_open).last();
        let row = last_in_row.map(|&tag| Acknowledgement {
            tag,
            reach: Reach::UpTo,
        });
        let rest = settled
            .iter()
            .skip_while(is_before_all_open)
            .map(|&tag| Acknowledgement { tag, reach: Reach::One });
        row.into_iter().chain(rest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn granted(count: u64) -> (Leases, Vec<LeaseToken>) {
        let mut leases = Leases::default();
        leases.begin_generation();
        let tokens = (1..=count).map(|tag| leases.grant(7, tag)).collect();
        (leases, tokens)
    }

    #[test]
    fn what_is_settled_is_told_once() {
        let (mut leases, tokens) = granted(3);
        assert_eq!(leases.settle(&tokens[1..]), BTreeSet::from([2, 3]));
        assert_eq!(leases.settle(&tokens[1..]), BTreeSet::new());
        assert!(!leases.is_empty());
        assert_eq!(leases.settle(&tokens), BTreeSet::from([1]));
        assert!(leases.is_empty());
    }

    #[test]
    fn a_token_of_an_earlier_channel_settles_nothing_on_the_present_one() {
        let (mut leases, old) = granted(2);
        leases.begin_generation();
        let new = leases.grant(7, 1);
        assert!(leases.is_present(&new) && !leases.is_present(&old[0]));
        assert_eq!(leases.settle(&old), BTreeSet::new());
        assert_eq!(leases.settle([&new]), BTreeSet::from([1]));
    }

    #[test]
    fn one_acknowledgement_reaches_all_in_a_row() {
        check(5, &[1, 2, 3], &[(3, Reach::UpTo)]);
        check(5, &[2, 3], &[(2, Reach::One), (3, Reach::One)]);
        check(5, &[1, 3, 5], &[(1, Reach::UpTo), (3, Reach::One), (5, Reach::One)]);
        check(3, &[1, 2, 3], &[(3, Reach::UpTo)]);
        check(3, &[], &[]);
    }

    fn check(count: u64, settled: &[u64], expected: &[(u64, Reach)]) {
        let (mut leases, tokens) = granted(count);
        let tags = leases.settle(tokens.iter().filter(|token| settled.contains(&token.tag)));
        let expected: Vec<_> = expected
            .iter()
            .map(|&(tag, reach)| Acknowledgement { tag, reach })
            .collect();
        assert_eq!(leases.acknowledgements(&tags), expected);
    }

    proptest! {
        /// As the broker takes them: a number that is not open would be an error.
        #[test]
        fn the_broker_settles_exactly_what_was_settled_here(
            rounds in prop::collection::vec((0..8_u8, prop::collection::btree_set(any::<u64>(), 0..8)), 0..30),
        ) {
            let mut leases = Leases::default();
            let mut at_broker = BTreeSet::new();
            let mut next = 1;
            let mut tokens = Vec::new();
            for (count, choice) in rounds {
                for _ in 0..count {
                    tokens.push(leases.grant(7, next));
                    at_broker.insert(next);
                    next += 1;
                }
                let chosen = tokens.iter().filter(|token| choice.iter().any(|number| number % next == token.tag));
                let settled = leases.settle(chosen);
                for told in leases.acknowledgements(&settled) {
                    prop_assert!(at_broker.contains(&told.tag));
                    at_broker.retain(|&tag| match told.reach {
                        Reach::One => tag != told.tag,
                        Reach::UpTo => tag > told.tag,
                    });
                }
                prop_assert_eq!(&at_broker, &leases.open);
            }
        }
    }
}
