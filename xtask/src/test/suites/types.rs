//! The TypeScript compiler looks at the JavaScript library, its examples and the snippets of its documents.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::test::tally::{self, Tally};
use crate::test::tools::{NODE, NPM};
use crate::test::{Round, Suite};

/// Each project of `tests/sdk-js/check.mjs` counts.
pub const SUITE: Suite = Suite {
    name: "types",
    is_quick: false,
    needs: &[NODE, NPM],
    run,
};

fn run(round: &Round) -> Result<Tally> {
    let folder = install(round)?;
    let mut node = Command::new("node");
    node.arg("check.mjs").arg(&round.repo.root).current_dir(&folder);
    let finished = round.finish("types", &mut node)?;
    let tally = Tally::of_plain(&finished.text);
    if finished.status.success() {
        ensure!(tally.passed > 0, "check.mjs counted nothing");
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}

/// Installs the compiler under `target/`, so that nothing lands in the checkout.
fn install(round: &Round) -> Result<PathBuf> {
    let folder = round.repo.target.join("sdk-js-types");
    fs::create_dir_all(&folder)?;
    round.repo.copy_files("tests/sdk-js", &folder)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    round.pass("types-npm", &mut npm).context("npm ci in tests/sdk-js")?;
    Ok(folder)
}
