//! Chance, from a seed: each part of a simulation has its own, so that one draw more does not change all others.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A sequence of numbers that a seed decides (splitmix64).
pub(super) struct Random(Mutex<u64>);

impl Random {
    /// The sequence of one part of a seed's simulation.
    pub(super) fn of(seed: u64, part: &str) -> Self {
        let named = part.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let random = Self(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ named));
        random.next();
        random
    }

    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// Whether something happens that happens so often in a hundred.
    pub(super) fn happens(&self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of these.
    pub(super) fn one_of<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[(self.next() % choices.len() as u64) as usize]
    }

    /// A time from `least` to `most` milliseconds.
    pub(super) fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }
}
