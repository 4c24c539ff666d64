//! Chance that can be repeated: the same seed throws the same numbers.

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether something happens that happens so often, in percent.
    pub fn falls_within(&mut self, percent: f64) -> bool {
        // The upper 53 bits: what a double holds exactly.
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        share * 100.0 < percent
    }

    /// A number from 0 to `most`.
    pub fn up_to(&mut self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(sides) => self.next() % sides,
            None => self.next(),
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_the_same_seed_throws_the_same() {
        let count = |percent: f64| {
            let mut dice = Dice::new(7);
            (0..10_000).filter(|_| dice.falls_within(percent)).count()
        };
        assert_eq!((count(0.0), count(100.0)), (0, 10_000));
        assert!((2_300..2_700).contains(&count(25.0)), "{}", count(25.0));
        assert_eq!(count(25.0), count(25.0));
        let mut dice = Dice::new(1);
        assert!((0..1_000).all(|_| dice.up_to(3) <= 3));
    }
}
