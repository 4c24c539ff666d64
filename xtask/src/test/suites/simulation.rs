//! The engine's steps under a seeded clock, disk, carrier and broker: with the planted faults compiled in.

use anyhow::Result;

use crate::test::tally::{self, Tally};
use crate::test::{Round, Suite};

/// Each test counts. A seed that fails prints how to run it again.
pub const SUITE: Suite = Suite {
    name: "simulation",
    is_quick: false,
    needs: &[],
    run,
};

/// How many seeds a full round runs; a usual one runs 1,000.
const FULL_SEEDS: &str = "5000";

fn run(round: &Round) -> Result<Tally> {
    let mut command = round.repo.cargo([
        "test",
        "--package",
        "ngoma-engine",
        "--features",
        "faults",
        "--lib",
        "simulation",
    ]);
    if round.is_full {
        command.env("NGOMA_SIM_SEEDS", FULL_SEEDS);
    }
    let finished = round.finish("simulation", &mut command)?;
    let tally = Tally::of_cargo(&finished.text);
    if finished.status.success() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}
