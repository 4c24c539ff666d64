//! Who guesses passwords is slowed, each time more; nobody is locked out, and nobody else is slowed with them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long the second try waits after a first that failed; each of the next twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait: below what a client waits for an answer.
const LONGEST: Duration = Duration::from_secs(20);
/// After how long without a failure it is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// How many failures are kept in mind.
const KEPT: usize = 10_000;
/// How many links from one network may be without a bind.
const UNBOUND: usize = 64;
/// How many binds of one system may wait at once that come from one network.
const WAITING: usize = 4;

/// Who binds as whom: from which network, and by which system id. Names are told apart by a few bits of a hash, so that
/// one network that tries many takes no more memory, and learns from no wait which of them there are.
pub type Who = (Network, u8);

/// What one customer of a provider has: an IPv4 address, or 64 bits of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let mut octets = address.octets();
                octets[8..].fill(0);
                Self(IpAddr::V6(Ipv6Addr::from(octets)))
            }
            address => Self(address),
        }
    }
}

/// What is known of those whose binds failed, and of those that have links without a bind.
#[derive(Default)]
pub struct Guard {
    names: RandomState,
    failures: Mutex<HashMap<Who, (u32, Instant)>>,
    unbound: Arc<Counts<Network>>,
    waiting: Arc<Counts<Who>>,
}

impl Guard {
    /// Who it is that binds by that name from there.
    pub fn who(&self, from: IpAddr, system_id: &str) -> Who {
        (from.into(), self.names.hash_one(system_id) as u8)
    }

    /// How long whoever binds so waits before it is looked at: so it tells nothing to go away and ask again.
    pub fn wait(&self, who: &Who, now: Instant) -> Duration {
        let failures = held(&self.failures);
        match failures.get(who) {
            Some((count, last)) if now - *last < FORGOTTEN => {
                (FIRST * 2_u32.saturating_pow((*count - 1).min(16))).min(LONGEST)
            }
            // So many that fail are one and the same: whoever is not known waits with them.
            _ if failures.len() >= KEPT => LONGEST,
            _ => Duration::ZERO,
        }
    }

    /// A bind failed.
    pub fn failed(&self, who: &Who, now: Instant) {
        let mut failures = held(&self.failures);
        if failures.len() >= KEPT {
            failures.retain(|_, (_, last)| now - *last < FORGOTTEN);
        }
        if failures.len() >= KEPT && !failures.contains_key(who) {
            return;
        }
        let (count, last) = failures.entry(*who).or_insert((0, now));
        *count = match now - *last < FORGOTTEN {
            true => count.saturating_add(1),
            false => 1,
        };
        *last = now;
    }

    /// A bind was granted.
    pub fn succeeded(&self, who: &Who) {
        held(&self.failures).remove(who);
    }

    /// A link came; nothing when too many from there have no bind yet.
    pub fn enter(&self, from: Network) -> Option<Counted<Network>> {
        self.unbound.add(from, UNBOUND)
    }

    /// A bind is about to wait; nothing when too many of the same do.
    pub fn begin_waiting(&self, who: &Who) -> Option<Counted<Who>> {
        self.waiting.add(*who, WAITING)
    }
}

/// How many there are of each.
struct Counts<K>(Mutex<HashMap<K, usize>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Counts<K> {
    fn add(self: &Arc<Self>, key: K, most: usize) -> Option<Counted<K>> {
        let mut counts = held(&self.0);
        let count = counts.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        let counts = Arc::clone(self);
        Some(Counted { counts, key })
    }
}

/// One that is counted until it is dropped.
pub struct Counted<K: Eq + Hash> {
    counts: Arc<Counts<K>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = held(&self.counts.0);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(last: u8, name: u8) -> Who {
        (IpAddr::from([192, 0, 2, last]).into(), name)
    }

    #[test]
    fn each_failure_waits_twice_as_long_and_a_success_ends_it() {
        let (guard, now) = (Guard::default(), Instant::now());
        let (clinic, other) = (who(1, 7), who(2, 7));
        let mut waits = Vec::new();
        for _ in 0..9 {
            waits.push(guard.wait(&clinic, now).as_millis());
            guard.failed(&clinic, now);
        }
        assert_eq!(waits, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
        // Neither another network nor another system waits.
        assert_eq!(guard.wait(&other, now), Duration::ZERO);
        assert_eq!(guard.wait(&who(1, 8), now), Duration::ZERO);
        assert_eq!(guard.wait(&clinic, now + FORGOTTEN), Duration::ZERO);
        guard.succeeded(&clinic);
        assert_eq!(guard.wait(&clinic, now), Duration::ZERO);
    }

    #[test]
    fn a_network_is_what_one_customer_has() {
        let network = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn a_network_has_so_many_links_without_a_bind() {
        let guard = Guard::default();
        let here: Network = IpAddr::from([192, 0, 2, 1]).into();
        let mut links: Vec<_> = (0..UNBOUND).map(|_| guard.enter(here)).collect();
        assert!(links.iter().all(Option::is_some));
        assert!(guard.enter(here).is_none());
        assert!(guard.enter(IpAddr::from([192, 0, 2, 2]).into()).is_some());
        links.pop();
        assert!(guard.enter(here).is_some());
        drop(links);
        assert!(held(&guard.unbound.0).is_empty());
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory() {
        let (guard, now) = (Guard::default(), Instant::now());
        for number in 0..u32::try_from(KEPT).unwrap() + 10 {
            guard.failed(&(IpAddr::V4(number.into()).into(), 7), now);
        }
        assert_eq!(held(&guard.failures).len(), KEPT);
        assert_eq!(guard.wait(&who(1, 7), now), LONGEST);
        // One network alone cannot do that.
        let guard = Guard::default();
        for number in 0..u32::try_from(KEPT).unwrap() {
            guard.failed(&guard.who(IpAddr::from([192, 0, 2, 1]), &number.to_string()), now);
        }
        assert_eq!(guard.wait(&who(2, 7), now), Duration::ZERO);
    }
}
