//! The engine's own tests once more, on PostgreSQL instead of SQLite.

use anyhow::Result;

use crate::test::tally::{self, Tally};
use crate::test::tools::{POSTGRES, RABBITMQ};
use crate::test::{Round, Suite};

/// Each test counts: what holds on one database holds on the other.
pub const SUITE: Suite = Suite {
    name: "postgres",
    is_quick: false,
    needs: &[POSTGRES, RABBITMQ],
    run,
};

fn run(round: &Round) -> Result<Tally> {
    let mut command = round.repo.cargo([
        "test",
        "--package",
        "ngoma-engine",
        "--test",
        "it",
        "--no-fail-fast",
        "--",
    ]);
    // What has its own servers runs once only.
    command.args(["--skip", "amqp::"]).env("NGOMA_TEST_STORE", "postgres");
    let finished = round.finish("postgres", &mut command)?;
    let tally = Tally::of_cargo(&finished.text);
    if finished.status.success() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}
