//! A real browser uses the pages, with and without JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::process::{self, Running};
use crate::test::tally::{self, Tally};
use crate::test::tools::{self, CHROMIUM, NODE, NPM};
use crate::test::{Round, Suite};

/// Each check of `tests/browser/phone.mjs` and `tests/browser/smsc.mjs` counts.
pub const SUITE: Suite = Suite {
    name: "browser",
    is_quick: false,
    needs: &[CHROMIUM, NODE, NPM],
    run,
};

const START: Duration = Duration::from_secs(30);

fn run(round: &Round) -> Result<Tally> {
    let folder = install(round)?;
    let mut tally = look_at_demo(round, &folder)?;
    tally += look_at_smsc(round, &folder)?;
    Ok(tally)
}

fn look_at_demo(round: &Round, folder: &Path) -> Result<Tally> {
    let address = process::free_address()?;
    let mut serve = Command::new(round.binary()?);
    serve
        .args(["demo", "--listen", &address.to_string(), "--data"])
        .arg(round.scratch.path().join("browser"));
    let mut demo = Running::start(
        serve.current_dir(&round.repo.root),
        &round.logs.join("browser-demo.log"),
    )?;
    demo.wait_until_ready(address, START)?;
    let tally = drive(round, folder, "phone.mjs", &format!("http://{address}"))?;
    if tally.failed > 0 {
        println!("the demo printed last:\n{}", demo.log_tail());
    }
    Ok(tally)
}

fn look_at_smsc(round: &Round, folder: &Path) -> Result<Tally> {
    let (listen, page) = (process::free_address()?, process::free_address()?);
    let mut command = Command::new(round.binary()?);
    command.args([
        "smsc",
        "--no-ledger",
        "--listen",
        &listen.to_string(),
        "--page",
        &page.to_string(),
    ]);
    let mut smsc = Running::start(
        command.current_dir(&round.repo.root),
        &round.logs.join("browser-smsc.log"),
    )?;
    smsc.wait_until_ready(page, START)?;
    drive(round, folder, "smsc.mjs", &format!("http://{page}"))
}

/// Copies the scripts under `target/` and installs what they need there, so that nothing lands in the checkout.
fn install(round: &Round) -> Result<PathBuf> {
    let folder = round.repo.target.join("browser");
    fs::create_dir_all(&folder)?;
    round.repo.copy_files("tests/browser", &folder)?;
    ensure!(
        folder.join("package.json").is_file(),
        "tests/browser/package.json is missing"
    );
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    // The system's own browser is used; the driver shall not bring another.
    npm.env("PUPPETEER_SKIP_DOWNLOAD", "1")
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    round.pass("browser-npm", &mut npm).context("npm ci in tests/browser")?;
    Ok(folder)
}

/// Runs a script against the pages at `url`; its pictures stay in `target/browser/pictures`.
fn drive(round: &Round, folder: &Path, script: &str, url: &str) -> Result<Tally> {
    let pictures = folder.join("pictures");
    fs::create_dir_all(&pictures)?;
    let chromium = tools::CHROMIUM.find().context("chromium went away")?;
    let mut node = Command::new("node");
    node.args([script, url])
        .arg(&pictures)
        .env("CHROMIUM", chromium)
        .current_dir(folder);
    let finished = round.finish("browser", &mut node)?;
    let tally = Tally::of_plain(&finished.text);
    if finished.status.success() && tally != Tally::default() {
        return Ok(tally);
    }
    println!("{}", tally::worth_showing(&finished.text));
    Ok(tally.at_least_one_failure())
}
