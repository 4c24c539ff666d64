//! SMPP against other implementations, as they are published: npm's, PyPI's, and Kannel.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::test::tally::{self, Tally};
use crate::test::tools::{KANNEL, NODE, NPM, PYTHON, PYTHON_VENV};
use crate::test::{Round, Suite};

/// Each test counts.
pub const SUITE: Suite = Suite {
    name: "peers",
    is_quick: false,
    needs: &[NODE, NPM, PYTHON, PYTHON_VENV, KANNEL],
    run,
};

fn run(round: &Round) -> Result<Tally> {
    let folder = install(round)?;
    let mut command = round.repo.cargo([
        "test",
        "--package",
        "ngoma-channels",
        "--features",
        "peers",
        "--test",
        "smpp",
        "--no-fail-fast",
    ]);
    command.env("NGOMA_SMPP_PEERS", &folder);
    let finished = round.finish("peers", &mut command)?;
    let tally = Tally::of_cargo(&finished.text);
    if finished.status.success() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}

/// Installs what the peers need under `target/`, so that nothing lands in the checkout.
fn install(round: &Round) -> Result<PathBuf> {
    let folder = round.repo.target.join("smpp-peers");
    fs::create_dir_all(&folder)?;
    round.repo.copy_files("tests/smpp", &folder)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    round.pass("peers-npm", &mut npm).context("npm ci in tests/smpp")?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "venv"]).current_dir(&folder);
    round.pass("peers-venv", &mut venv).context("python3 -m venv")?;
    let mut pip = Command::new(folder.join("venv/bin/pip"));
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        "requirements.txt",
    ])
    .current_dir(&folder);
    round.pass("peers-pip", &mut pip).context("pip install in tests/smpp")?;
    Ok(folder)
}
