//! The sources are formatted as rustfmt would.

use crate::test::Suite;

/// One check over all crates.
pub const SUITE: Suite = Suite {
    name: "format",
    is_quick: true,
    needs: &[],
    run: |round| round.pass("format", &mut round.repo.cargo(["fmt", "--all", "--check"])),
};
