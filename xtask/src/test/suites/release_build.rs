//! `cargo build --release` builds; the suites after it use what it built.

use crate::test::Suite;
use crate::test::tally::Tally;

/// One check.
pub const SUITE: Suite = Suite {
    name: "release build",
    is_quick: false,
    needs: &[],
    run: |round| round.binary().map(|_| Tally::SUCCESS),
};
