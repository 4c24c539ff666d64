//! Who goes first: shares places to send out between priorities by weight, and within each equally between accounts.

use super::priority::Priority;
use std::collections::BTreeMap;
use std::ops::Bound;

/// One account's messages of one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lane {
    /// Of this priority.
    pub(crate) priority: Priority,
    /// Of this account.
    pub(crate) account: i64,
}

/// Shares places. Between priorities that have work, places go 8 : 4 : 2 : 1, the more urgent first, so that none
/// starves; within one, to each account in turn. What one does not need goes to the others. What it remembers is whose
/// turn it is, so a share too small for one place adds up.
///
/// An account that fills a priority with work takes from others of that priority, at most half of their share. If it is
/// alone in a more urgent priority, it takes that priority's weight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fairness {
    levels: [Level; LEVELS],
}

const LEVELS: usize = 4;
/// The places of each priority, the most urgent first, out of their sum.
const WEIGHTS: [i64; LEVELS] = [8, 4, 2, 1];

/// What is remembered of a priority.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// The places it is owed, in parts of a place; less than none after it had more than its share.
    credit: i64,
    /// The account that had the last place.
    last: Option<i64>,
}

/// What is left to share of one priority: messages by account, none of them zero.
type Left = BTreeMap<i64, usize>;

impl Fairness {
    /// How many to take from each, given how many wait in each and how many places there are. Lanes without a share are
    /// left out. It takes a step for each place that is given.
    pub(crate) fn share(&mut self, waiting: &BTreeMap<Lane, usize>, places: usize) -> BTreeMap<Lane, usize> {
        let mut left: [Left; LEVELS] = Default::default();
        for (lane, count) in waiting.iter().filter(|(_, count)| **count > 0) {
            left[lane.priority as usize].insert(lane.account, *count);
        }
        self.forget_idle(&left);
        let mut shares = BTreeMap::new();
        for _ in 0..places {
            let Some(priority) = self.next_priority(&left) else {
                break;
            };
            let number = priority as usize;
            let Some(account) = self.levels[number].next_account(&mut left[number]) else {
                break;
            };
            *shares.entry(Lane { priority, account }).or_default() += 1;
        }
        shares
    }

    /// A priority without work is owed nothing when it comes back, and owes nothing.
    fn forget_idle(&mut self, left: &[Left; LEVELS]) {
        for (level, left) in self.levels.iter_mut().zip(left) {
            if left.is_empty() {
                level.credit = 0;
            }
        }
    }

    /// The priority that has the next place: each with work earns its weight, who has most gets it and pays what all
    /// earned. Among equals the more urgent one.
    fn next_priority(&mut self, left: &[Left; LEVELS]) -> Option<Priority> {
        let mut chosen: Option<Priority> = None;
        let mut earned = 0;
        for priority in Priority::all()
            .into_iter()
            .filter(|priority| !left[*priority as usize].is_empty())
        {
            let number = priority as usize;
            self.levels[number].credit += WEIGHTS[number];
            earned += WEIGHTS[number];
            let most = chosen.map_or(i64::MIN, |chosen| self.levels[chosen as usize].credit);
            if self.levels[number].credit > most {
                chosen = Some(priority);
            }
        }
        self.levels[chosen? as usize].credit -= earned;
        chosen
    }
}

impl Level {
    /// Takes one message from the account whose turn it is: the next after the last one, and after the highest the
    /// lowest.
    fn next_account(&mut self, left: &mut Left) -> Option<i64> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = left.range((after, Bound::Unbounded)).next();
        let account = *next.or_else(|| left.first_key_value())?.0;
        let count = left.get_mut(&account)?;
        *count -= 1;
        if *count == 0 {
            left.remove(&account);
        }
        self.last = Some(account);
        Some(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// With work, a priority gets a place out of so many, whatever the others do.
    const PLACES_PASSED_OVER: usize = 32;

    fn lane(number: usize, account: i64) -> Lane {
        let priority = Priority::from_number(number as i64);
        Lane { priority, account }
    }

    /// Waiting work as (priority's number, account, count), and shares the same way.
    fn check(places: usize, waiting: &[(usize, i64, usize)], expected: &[(usize, i64, usize)]) {
        assert_eq!(
            Fairness::default().share(&lanes(waiting), places),
            lanes(expected),
            "{places} of {waiting:?}"
        );
    }

    fn lanes(counts: &[(usize, i64, usize)]) -> BTreeMap<Lane, usize> {
        counts
            .iter()
            .map(|(number, account, count)| (lane(*number, *account), *count))
            .collect()
    }

    fn some_lanes() -> impl Strategy<Value = BTreeMap<Lane, usize>> {
        prop::collection::btree_map((0_usize..4, 1_i64..6), 0_usize..40, 0..12).prop_map(|counts| {
            counts
                .into_iter()
                .map(|((number, account), count)| (lane(number, account), count))
                .collect()
        })
    }

    #[test]
    fn places_go_by_weight_between_priorities_and_equally_between_accounts() {
        check(10, &[], &[]);
        check(10, &[(2, 1, 0)], &[]);
        check(0, &[(2, 1, 5)], &[]);
        check(10, &[(2, 1, 5)], &[(2, 1, 5)]);
        check(10, &[(2, 1, 50), (2, 2, 50)], &[(2, 1, 5), (2, 2, 5)]);
        check(
            10,
            &[(2, 1, 50), (2, 2, 2), (2, 3, 50)],
            &[(2, 1, 4), (2, 2, 2), (2, 3, 4)],
        );
        let all_busy = [(0, 1, 99), (1, 1, 99), (2, 1, 99), (3, 1, 99)];
        check(15, &all_busy, &[(0, 1, 8), (1, 1, 4), (2, 1, 2), (3, 1, 1)]);
        check(1, &all_busy, &[(0, 1, 1)]);
        check(12, &[(0, 1, 3), (3, 1, 99)], &[(0, 1, 3), (3, 1, 9)]);
        check(9, &[(0, 1, 99), (3, 1, 99)], &[(0, 1, 8), (3, 1, 1)]);
    }

    #[test]
    fn one_place_at_a_time_goes_round() {
        let mut fairness = Fairness::default();
        let waiting = lanes(&[(2, 1, 9), (2, 2, 9), (2, 3, 9)]);
        let mut next = || fairness.share(&waiting, 1).keys().map(|lane| lane.account).sum::<i64>();
        assert_eq!([next(), next(), next(), next()], [1, 2, 3, 1]);
    }

    #[test]
    fn a_round_of_single_places_has_the_weights() {
        let mut fairness = Fairness::default();
        let waiting = lanes(&[(0, 1, 99), (1, 1, 99), (2, 1, 99), (3, 1, 99)]);
        let mut had = [0; LEVELS];
        for _ in 0..150 {
            for lane in fairness.share(&waiting, 1).keys() {
                had[lane.priority as usize] += 1;
            }
        }
        assert_eq!(had, [80, 40, 20, 10]);
    }

    proptest! {
        #[test]
        fn all_places_are_used_while_work_waits_and_nobody_gets_more_than_waits(
            rounds in prop::collection::vec((some_lanes(), 0_usize..100), 1..20),
        ) {
            let (mut fairness, mut twin) = (Fairness::default(), Fairness::default());
            for (waiting, places) in rounds {
                let shares = fairness.share(&waiting, places);
                prop_assert_eq!(shares.values().sum::<usize>(), places.min(waiting.values().sum()));
                prop_assert!(shares.iter().all(|(lane, share)| (1..=waiting[lane]).contains(share)));
                prop_assert_eq!(twin.share(&waiting, places), shares);
            }
        }

        #[test]
        fn nobody_with_work_is_passed_over_for_ever(
            number in 0_usize..4,
            account in 1_i64..6,
            rounds in prop::collection::vec((some_lanes(), 1_usize..8), 50..300),
        ) {
            let (mut fairness, lane) = (Fairness::default(), lane(number, account));
            let mut passed_over = 0;
            for (mut waiting, places) in rounds {
                waiting.insert(lane, 1);
                let shares = fairness.share(&waiting, places);
                passed_over = if shares.contains_key(&lane) { 0 } else { passed_over + places };
                prop_assert!(passed_over <= 5 * PLACES_PASSED_OVER, "{}", passed_over);
            }
        }

        #[test]
        fn a_priority_with_work_gets_its_place_however_the_others_come_and_go(
            number in 0_usize..4,
            others in prop::collection::vec(0_usize..16, 50..400),
        ) {
            let mut fairness = Fairness::default();
            let mut passed_over = 0;
            for others in others {
                let busy = (0..LEVELS).filter(|level| *level == number || others >> level & 1 == 1);
                let waiting = busy.map(|level| (lane(level, 1), 1)).collect();
                let shares = fairness.share(&waiting, 1);
                passed_over = if shares.contains_key(&lane(number, 1)) { 0 } else { passed_over + 1 };
                prop_assert!(passed_over <= PLACES_PASSED_OVER, "{}", passed_over);
            }
        }

        #[test]
        fn an_account_that_floods_takes_at_most_half_of_anothers_share(
            waiting in some_lanes(),
            number in 0_usize..4,
            wanted in 1_usize..60,
            little in 0_usize..3,
            places in 1_usize..60,
        ) {
            let (flooding, other) = (lane(number, 6), lane(number, 3));
            let total = |flood: usize| {
                let mut waiting = waiting.clone();
                waiting.extend([(flooding, flood), (other, wanted)]);
                let mut fairness = Fairness::default();
                let mut share = || fairness.share(&waiting, places).get(&other).copied().unwrap_or(0);
                (0..120).map(|_| share()).sum::<usize>()
            };
            let (before, during) = (total(little), total(1_000_000));
            prop_assert!(2 * during + 2 >= before, "{} {}", before, during);
        }

        #[test]
        fn accounts_that_always_have_work_differ_by_one(
            places in prop::collection::vec(0_usize..20, 1..60),
            accounts in 1_i64..8,
        ) {
            let mut fairness = Fairness::default();
            let waiting = (1..=accounts).map(|account| (lane(1, account), 1000)).collect();
            let mut had = BTreeMap::new();
            for places in places {
                for (lane, share) in fairness.share(&waiting, places) {
                    *had.entry(lane.account).or_insert(0) += share;
                }
            }
            let of = |account| had.get(&account).copied().unwrap_or(0);
            let most = (1..=accounts).map(of).max();
            prop_assert!(most <= (1..=accounts).map(of).min().map(|least| least + 1));
        }
    }
}
