//! What a script finds of the world outside its replies: its clock and its random numbers. Both are told by the host, so that
//! a step which was recorded can be run again to the same end.

use crate::frames::{ClockMode, Scene};
use ngoma_engine::recording::Seed;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::io;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clock of a script.
pub struct ScriptClock {
    mode: Cell<ClockMode>,
    began_us: Cell<i64>,
    began: Cell<Instant>,
    /// How far it has come since the beginning, in milliseconds.
    passed_ms: Cell<f64>,
    /// How often it was looked at since it moved.
    looks: Cell<u32>,
}

/// How often code may look at a clock that stands still; each further look moves it by a millisecond. Code that waits in a loop
/// for a moment to come so goes on, and does the same when it is run again.
const LOOKS: u32 = 1000;

impl Default for ScriptClock {
    fn default() -> Self {
        Self {
            mode: Cell::new(ClockMode::Stepped),
            began_us: Cell::new(0),
            began: Cell::new(Instant::now()),
            passed_ms: Cell::new(0.0),
            looks: Cell::new(0),
        }
    }
}

impl ScriptClock {
    /// Begins anew.
    pub fn begin(&self, scene: &Scene) {
        self.mode.set(scene.clock);
        self.began_us.set(scene.now_us);
        self.began.set(Instant::now());
        self.passed_ms.set(0.0);
        self.looks.set(0);
    }

    /// What it shows, in milliseconds since 1970.
    pub fn now_ms(&self) -> f64 {
        match self.mode.get() {
            ClockMode::Real => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0.0, |since| since.as_secs_f64() * 1000.0),
            ClockMode::Frozen => self.began_us.get() as f64 / 1000.0,
            ClockMode::Stepped => self.began_us.get() as f64 / 1000.0 + self.looked_at(),
        }
        .floor()
    }

    fn looked_at(&self) -> f64 {
        self.looks.set(self.looks.get().saturating_add(1));
        if self.looks.get() > LOOKS {
            self.passed_ms.set(self.passed_ms.get() + 1.0);
        }
        self.passed_ms.get()
    }

    /// Milliseconds since the beginning, as timers count them: what it shows, also where it is frozen for the script.
    pub fn passed_ms(&self) -> f64 {
        match self.mode.get() {
            ClockMode::Real => self.elapsed_ms(),
            ClockMode::Frozen | ClockMode::Stepped => self.passed_ms.get(),
        }
    }

    /// Milliseconds since the beginning that have really passed.
    pub fn elapsed_ms(&self) -> f64 {
        self.began.get().elapsed().as_secs_f64() * 1000.0
    }

    /// The same by a moment that the host told, or by now.
    pub fn elapsed_by(&self, at_us: Option<i64>) -> f64 {
        match at_us {
            Some(at_us) => at_us.saturating_sub(self.began_us.get()) as f64 / 1000.0,
            None => self.elapsed_ms(),
        }
    }

    /// Moves it on to a moment in microseconds since 1970; never back.
    pub fn move_to_moment(&self, at_us: i64) {
        self.move_to(self.elapsed_by(Some(at_us)));
    }

    /// Moves it on to so many milliseconds after the beginning; never back.
    pub fn move_to(&self, passed_ms: f64) {
        if passed_ms > self.passed_ms.get() {
            self.passed_ms.set(passed_ms);
            self.looks.set(0);
        }
    }
}

/// The random numbers of a script.
#[derive(Default)]
pub struct Random {
    seed: Cell<[u8; 32]>,
    /// How many blocks were drawn.
    blocks: Cell<u64>,
    /// The state of the plain numbers.
    plain: Cell<u64>,
}

impl Random {
    /// Begins anew.
    pub fn begin(&self, scene: &Scene) -> io::Result<()> {
        let seed = Seed::parse(&scene.seed).ok_or(io::ErrorKind::InvalidData)?;
        let [a, b, c, d, e, f, g, h, ..] = *seed.bytes();
        self.seed.set(*seed.bytes());
        self.blocks.set(0);
        self.plain.set(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        Ok(())
    }

    /// The next number, from 0 up to 1 (SplitMix64: Steele, Lea and Flood, 2014).
    pub fn number(&self) -> f64 {
        let state = self.plain.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.plain.set(state);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The next bytes, which nobody can guess who does not know the seed: SHA-256 of the seed and a counter.
    pub fn bytes(&self, count: usize) -> Vec<u8> {
        let mut drawn = Vec::with_capacity(count + 32);
        while drawn.len() < count {
            let block = self.blocks.get();
            self.blocks.set(block + 1);
            let mut hash = Sha256::new();
            hash.update(b"ngoma random bytes");
            hash.update(self.seed.get());
            hash.update(block.to_le_bytes());
            drawn.extend_from_slice(&hash.finalize());
        }
        drawn.truncate(count);
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_engine::recording::Beginning;
    use ngoma_message::Timestamp;

    fn scene(clock: ClockMode) -> Scene {
        let beginning = Beginning {
            at: Timestamp::from_micros(1_000_500),
            seed: Seed::of_number(7),
        };
        Scene::new(&beginning, clock)
    }

    #[test]
    fn a_stepped_clock_moves_with_what_happens_and_never_back() {
        let clock = ScriptClock::default();
        clock.begin(&scene(ClockMode::Stepped));
        assert_eq!((clock.now_ms(), clock.passed_ms()), (1000.0, 0.0));
        clock.move_to(20.0);
        clock.move_to_moment(1_010_500);
        assert_eq!((clock.now_ms(), clock.passed_ms()), (1020.0, 20.0));
        clock.move_to_moment(1_030_500);
        assert_eq!(clock.now_ms(), 1030.0);
    }

    #[test]
    fn a_clock_that_is_looked_at_again_and_again_moves() {
        let clock = ScriptClock::default();
        clock.begin(&scene(ClockMode::Stepped));
        let looks = (0..LOOKS + 7).map(|_| clock.now_ms());
        assert_eq!(looks.last(), Some(1007.0));
        assert_eq!(clock.passed_ms(), 7.0);
    }

    #[test]
    fn a_frozen_clock_shows_the_same_while_timers_go_on() {
        let clock = ScriptClock::default();
        clock.begin(&scene(ClockMode::Frozen));
        clock.move_to(20.0);
        assert_eq!((clock.now_ms(), clock.passed_ms()), (1000.0, 20.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_bytes() {
        let draw = || {
            let random = Random::default();
            random.begin(&scene(ClockMode::Stepped)).unwrap();
            (random.number(), random.bytes(5), random.bytes(40), random.number())
        };
        let (number, few, many, other) = draw();
        assert_eq!(draw(), (number, few.clone(), many.clone(), other));
        assert!((0.0..1.0).contains(&number) && number != other);
        assert_eq!((few.len(), many.len()), (5, 40));
        assert!(!many.starts_with(&few));
    }
}
