//! The house rules of `cargo xtask tidy` hold.

use anyhow::{Result, ensure};

use crate::test::tally::Tally;
use crate::test::{Round, Suite};
use crate::tidy;

/// One check over all rules; the report of sizes is left to the command.
pub const SUITE: Suite = Suite {
    name: "tidy",
    is_quick: true,
    needs: &[],
    run,
};

fn run(round: &Round) -> Result<Tally> {
    let breaches = tidy::breaches(&round.repo)?;
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    ensure!(lines.is_empty(), "{}", lines.join("\n"));
    Ok(Tally::SUCCESS)
}
