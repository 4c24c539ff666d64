//! The library for Python: its own tests, its types, and the tests of a service written with it.

use std::process::Command;

use anyhow::{Context, Result};

use crate::test::tally::{self, Tally};
use crate::test::tools::{PYTHON, PYTHON_VENV};
use crate::test::{Round, Suite};

/// Each test counts, and the types as one.
pub const SUITE: Suite = Suite {
    name: "python",
    is_quick: false,
    needs: &[PYTHON, PYTHON_VENV],
    run,
};

/// What the tests run on, under `target/`.
const ENVIRONMENT: &str = "python-sdk";
const FOLDER: &str = "sdk/python";
/// A service whose author tested it with the library.
const EXAMPLE: &str = "../../examples/python-clinic";

fn run(round: &Round) -> Result<Tally> {
    let environment = round.repo.target.join(ENVIRONMENT);
    let folder = round.repo.root.join(FOLDER);
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(&environment);
    round.pass("python-venv", &mut venv).context("python3 -m venv")?;
    let python = || {
        let mut command = Command::new(environment.join("bin/python3"));
        command.current_dir(&folder).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let mut pip = python();
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--requirement", "requirements.txt"]);
    round
        .pass("python-pip", &mut pip)
        .context("pip install in sdk/python")?;
    let mut tally = round
        .pass("python-types", python().args(["-m", "mypy"]))
        .context("mypy")?;
    let mut pytest = python();
    pytest.args(["-m", "pytest", "-c", "pyproject.toml", "tests", EXAMPLE]);
    let finished = round.finish("python", &mut pytest)?;
    let counted = Tally::of_pytest(&finished.text);
    if finished.status.success() {
        tally += counted;
    } else {
        println!("{}", tally::worth_showing(&finished.text));
        tally += counted.at_least_one_failure();
    }
    Ok(tally)
}
