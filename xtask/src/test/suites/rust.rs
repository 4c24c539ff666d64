//! `cargo test` over all crates: unit, integration, end-to-end and documentation tests.

use anyhow::Result;

use crate::test::tally::{self, Tally};
use crate::test::{Round, Suite};

/// Each test counts. The end-to-end tests start the release build, named by `NGOMA_BIN`; a quick round leaves them out.
pub const SUITE: Suite = Suite {
    name: "rust",
    is_quick: true,
    needs: &[],
    run,
};

fn run(round: &Round) -> Result<Tally> {
    let mut command = round.repo.cargo(["test", "--workspace", "--no-fail-fast"]);
    if round.is_quick {
        command.args(["--lib", "--bins"]);
    } else {
        command.env("NGOMA_BIN", round.binary()?);
    }
    let finished = round.finish("rust", &mut command)?;
    let tally = Tally::of_cargo(&finished.text);
    if finished.status.success() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}
