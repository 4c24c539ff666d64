//! Who guesses passwords is slowed, each time more; nobody is locked out, and nobody else is slowed with them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the first refusal waits; each of the next twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait: below what a client waits for an answer.
const LONGEST: Duration = Duration::from_secs(20);
/// After how long without a failure it is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// How many addresses are kept in mind.
const KEPT: usize = 10_000;
/// How many links from one address may be without a bind.
const UNBOUND: usize = 16;

/// What is known of the addresses that failed, and of those that have links without a bind.
#[derive(Default)]
pub struct Guard {
    failures: Mutex<HashMap<IpAddr, (u32, Instant)>>,
    unbound: Mutex<HashMap<IpAddr, usize>>,
}

impl Guard {
    /// A bind from there failed: how long its answer waits.
    pub fn failed(&self, from: IpAddr, now: Instant) -> Duration {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= KEPT {
            failures.retain(|_, (_, last)| now - *last < FORGOTTEN);
            if failures.len() >= KEPT {
                // So many at once are one and the same; all wait as long as it can be.
                return LONGEST;
            }
        }
        let (count, last) = failures.entry(from).or_insert((0, now));
        *count = match now - *last < FORGOTTEN {
            true => *count + 1,
            false => 1,
        };
        *last = now;
        (FIRST * 2_u32.saturating_pow((*count - 1).min(16))).min(LONGEST)
    }

    /// A bind from there was granted.
    pub fn succeeded(&self, from: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&from);
    }

    /// A link came from there; nothing when there are too many that have no bind yet.
    pub fn enter(&self, from: IpAddr) -> Option<Unbound<'_>> {
        let mut unbound = self.unbound.lock().unwrap_or_else(PoisonError::into_inner);
        let count = unbound.entry(from).or_default();
        if *count >= UNBOUND {
            return None;
        }
        *count += 1;
        Some(Unbound { guard: self, from })
    }
}

/// A link that has no bind yet.
pub struct Unbound<'a> {
    guard: &'a Guard,
    from: IpAddr,
}

impl Drop for Unbound<'_> {
    fn drop(&mut self) {
        let mut unbound = self.guard.unbound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = unbound.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                unbound.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn each_failure_waits_twice_as_long_and_a_success_ends_it() {
        let (guard, now) = (Guard::default(), Instant::now());
        let waits: Vec<_> = (0..8).map(|_| guard.failed(HERE, now).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
        assert_eq!(guard.failed(THERE, now), FIRST);
        assert_eq!(guard.failed(HERE, now + FORGOTTEN), FIRST);
        guard.failed(HERE, now + FORGOTTEN);
        guard.succeeded(HERE);
        assert_eq!(guard.failed(HERE, now + FORGOTTEN), FIRST);
    }

    #[test]
    fn an_address_has_so_many_links_without_a_bind() {
        let guard = Guard::default();
        let mut links: Vec<_> = (0..UNBOUND).map(|_| guard.enter(HERE)).collect();
        assert!(links.iter().all(Option::is_some));
        assert!(guard.enter(HERE).is_none());
        assert!(guard.enter(THERE).is_some());
        links.pop();
        assert!(guard.enter(HERE).is_some());
        drop(links);
        assert!(guard.unbound.lock().unwrap().is_empty());
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory() {
        let (guard, now) = (Guard::default(), Instant::now());
        for number in 0..u32::try_from(KEPT).unwrap() {
            guard.failed(IpAddr::V4(number.into()), now);
        }
        assert_eq!(guard.failed(HERE, now), LONGEST);
        assert_eq!(guard.failures.lock().unwrap().len(), KEPT);
    }
}
