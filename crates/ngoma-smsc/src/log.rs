//! What happened, numbered and in order: the newest are kept, and whoever reads on by number can wait for more.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The newest of many; each has a number, from 1.
#[derive(Debug)]
pub struct Log<T> {
    held: Mutex<Held<T>>,
    /// The number of the newest, for those who wait.
    last: watch::Sender<u64>,
    limit: Limit,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many.
    pub count: usize,
    /// How much they may weigh together; the newest is kept whatever it weighs.
    pub weight: usize,
}

#[derive(Debug)]
struct Held<T> {
    entries: VecDeque<(T, usize)>,
    weight: usize,
    /// The number of the first that is kept.
    first: u64,
}

impl<T: Clone> Log<T> {
    /// An empty one.
    pub fn new(limit: Limit) -> Self {
        let held = Held {
            entries: VecDeque::new(),
            weight: 0,
            first: 1,
        };
        Self {
            held: Mutex::new(held),
            last: watch::Sender::new(0),
            limit,
        }
    }

    /// Adds one of this weight; gives its number.
    pub fn push(&self, weight: usize, make: impl FnOnce(u64) -> T) -> u64 {
        let mut held = self.held();
        let number = held.first + held.entries.len() as u64;
        held.entries.push_back((make(number), weight));
        held.weight += weight;
        while held.entries.len() > self.limit.count.max(1)
            || (held.weight > self.limit.weight && held.entries.len() > 1)
        {
            held.forget_first();
        }
        drop(held);
        self.last.send_replace(number);
        number
    }

    /// Changes one, if it is still kept.
    pub fn change(&self, number: u64, change: impl FnOnce(&mut T)) {
        let mut held = self.held();
        let place = number
            .checked_sub(held.first)
            .and_then(|place| usize::try_from(place).ok());
        if let Some((entry, _)) = place.and_then(|place| held.entries.get_mut(place)) {
            change(entry);
        }
    }

    /// Up to `count` of those after this number, with their numbers, oldest first.
    pub fn after(&self, number: u64, count: usize) -> Vec<(u64, T)> {
        let held = self.held();
        let passed = usize::try_from(number.saturating_add(1).saturating_sub(held.first)).unwrap_or(usize::MAX);
        let first = held.first.saturating_add(passed as u64);
        let entries = held.entries.iter().skip(passed).take(count);
        (first..).zip(entries.map(|(entry, _)| entry.clone())).collect()
    }

    /// The newest of which this is true.
    pub fn find(&self, is_it: impl Fn(&T) -> bool) -> Option<(u64, T)> {
        let held = self.held();
        let place = held.entries.iter().rposition(|(entry, _)| is_it(entry))?;
        Some((held.first + place as u64, held.entries[place].0.clone()))
    }

    /// The number of the newest; 0 when there was none yet.
    pub fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Returns when there is one after this number.
    pub async fn grows_beyond(&self, number: u64) {
        // The sender is ours: it is not gone.
        let _ = self.last.subscribe().wait_for(|last| *last > number).await;
    }

    fn held(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Held<T> {
    fn forget_first(&mut self) {
        if let Some((_, weight)) = self.entries.pop_front() {
            self.weight -= weight;
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(limit: Limit) -> Log<u64> {
        let log = Log::new(limit);
        for _ in 0..5 {
            log.push(10, |number| number * 100);
        }
        log
    }

    const ALL: Limit = Limit {
        count: 10,
        weight: 1_000,
    };

    #[test]
    fn it_is_read_on_by_number() {
        let log = log(ALL);
        assert_eq!(log.after(0, 2), [(1, 100), (2, 200)]);
        assert_eq!(log.after(3, 10), [(4, 400), (5, 500)]);
        assert_eq!(log.after(5, 10), []);
        assert_eq!(log.after(u64::MAX - 1, 10), []);
        assert_eq!((log.last(), log.find(|held| *held < 400)), (5, Some((3, 300))));
        log.change(2, |held| *held = 7);
        log.change(99, |held| *held = 7);
        assert_eq!(log.after(1, 1), [(2, 7)]);
    }

    #[test]
    fn the_oldest_are_forgotten_by_count_and_by_weight() {
        for (count, weight, kept) in [(2, 1_000, 4..=5), (10, 35, 3..=5), (10, 5, 5..=5), (0, 0, 5..=5)] {
            let log = log(Limit { count, weight });
            let numbers: Vec<u64> = log.after(0, 10).into_iter().map(|(number, _)| number).collect();
            assert_eq!(numbers, kept.collect::<Vec<_>>(), "{count} {weight}");
            log.change(1, |_| panic!("it is forgotten"));
        }
    }

    #[tokio::test]
    async fn whoever_waits_is_told() {
        let log = log(ALL);
        log.grows_beyond(4).await;
        tokio::join!(log.grows_beyond(5), async { log.push(0, |number| number) });
        assert_eq!(log.last(), 6);
    }
}
