//! `cargo test` over all crates: unit, integration, end-to-end and documentation tests.

use anyhow::Result;

use crate::test::tally::{self, Tally};
use crate::test::tools::{FIU, POSTGRES, PYTHON, PYTHON_VENV, RABBITMQ};
use crate::test::{Round, Suite};

/// Each test counts. The end-to-end tests start the release build, named by `NGOMA_BIN`, and some tests start database
/// servers and brokers, or let the disk fail; a quick round leaves the former out and tells the latter that there are no servers.
pub const SUITE: Suite = Suite {
    name: "rust",
    is_quick: true,
    needs: &[FIU, POSTGRES, PYTHON, PYTHON_VENV, RABBITMQ],
    run,
};

/// Read by the test harnesses: `none` means that tests which need a server leave early.
const SERVERS: &str = "NGOMA_TEST_SERVERS";

fn run(round: &Round) -> Result<Tally> {
    let mut command = round.repo.cargo(["test", "--workspace", "--no-fail-fast"]);
    if round.is_quick {
        command.args(["--lib", "--bins"]).env(SERVERS, "none");
    } else {
        command.env("NGOMA_BIN", round.binary()?).env_remove(SERVERS);
    }
    let finished = round.finish("rust", &mut command)?;
    let tally = Tally::of_cargo(&finished.text);
    if finished.status.success() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}
