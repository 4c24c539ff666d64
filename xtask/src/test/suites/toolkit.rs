//! The toolkit of Vumi's services, as npm has it: its own tests and its examples, in our worker.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::test::tally::{self, Tally};
use crate::test::tools::{NODE, NPM};
use crate::test::{Round, Suite};

/// The toolkit's own tests count as one.
pub const SUITE: Suite = Suite {
    name: "toolkit",
    is_quick: false,
    needs: &[NODE, NPM],
    run,
};

fn run(round: &Round) -> Result<Tally> {
    let folder = install(round)?;
    let mut command = round.repo.cargo([
        "test",
        "--package",
        "ngoma-sandbox",
        "--features",
        "toolkit",
        "--test",
        "toolkit",
        "--no-fail-fast",
    ]);
    command.env("NGOMA_TOOLKIT", &folder);
    let finished = round.finish("toolkit", &mut command)?;
    let tally = Tally::of_cargo(&finished.text);
    if finished.status.success() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}

/// Installs the toolkit under `target/`, so that nothing lands in the checkout.
fn install(round: &Round) -> Result<PathBuf> {
    let folder = round.repo.target.join("toolkit");
    fs::create_dir_all(&folder)?;
    round.repo.copy_files("tests/toolkit", &folder)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    round.pass("toolkit-npm", &mut npm).context("npm ci in tests/toolkit")?;
    Ok(folder)
}
