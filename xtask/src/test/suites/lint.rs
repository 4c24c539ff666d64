//! Clippy has nothing to say, about the tests neither.

use crate::test::Suite;

/// One check over all crates; a warning fails it.
pub const SUITE: Suite = Suite {
    name: "lint",
    is_quick: true,
    needs: &[],
    run: |round| {
        let arguments = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        round.pass("lint", &mut round.repo.cargo(arguments))
    },
};
