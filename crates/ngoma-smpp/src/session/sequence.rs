//! The numbers of our requests: 1 to 0x7FFFFFFF, then from 1 again (SMPP 3.4 §3.2, §5.1.4).

/// The highest number.
const LAST: u32 = 0x7FFF_FFFF;

/// Where the numbers are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sequence(u32);

impl Sequence {
    /// The next number that is free.
    pub(super) fn next(&mut self, is_taken: impl Fn(u32) -> bool) -> u32 {
        loop {
            self.0 = if self.0 >= LAST { 1 } else { self.0 + 1 };
            if !is_taken(self.0) {
                return self.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_anew_after_the_highest_and_pass_over_what_is_taken() {
        let numbers = |after: u32, taken: &[u32]| {
            let mut sequence = Sequence(after);
            [(); 3].map(|()| sequence.next(|number| taken.contains(&number)))
        };
        assert_eq!(numbers(0, &[]), [1, 2, 3]);
        assert_eq!(numbers(LAST - 1, &[]), [LAST, 1, 2]);
        assert_eq!(numbers(LAST - 1, &[1, 2]), [LAST, 3, 4]);
        assert_eq!(numbers(u32::MAX, &[]), [1, 2, 3]);
    }
}
