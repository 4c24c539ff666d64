//! Texts by chance, the same in every run.

/// A stream of numbers from a seed (Steele, Lea and Flood's SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % limit
    }

    /// So many texts of these characters, none longer than that.
    pub fn texts(&mut self, count: usize, longest: usize, characters: &[char]) -> Vec<String> {
        let mut text = || -> String {
            let length = self.below(longest + 1);
            (0..length).map(|_| characters[self.below(characters.len())]).collect()
        };
        (0..count).map(|_| text()).collect()
    }
}
