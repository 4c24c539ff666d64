//! `cargo xtask test`: every suite in turn, what each needs, and one last line that counts.

mod suites;
mod tally;
pub mod tools;

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use tempfile::TempDir;

use crate::process::{self, Finished};
use crate::repo::Repo;
use tally::Tally;
use tools::Tool;

/// The command line of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    /// Only what needs no server: formatting, lints, house rules and unit tests
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Long rounds, such as 200 kills instead of a few
    #[arg(long)]
    full: bool,
    /// Only the suites of these names
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// One kind of check. A new one is a file with a `SUITE` and a line in [`suites::all`].
pub struct Suite {
    name: &'static str,
    /// Whether `--quick` runs it: it needs no server, or does without.
    is_quick: bool,
    /// What must be there, but not for a quick round.
    needs: &'static [Tool],
    run: fn(&Round) -> Result<Tally>,
}

/// One run of the suites: what they share.
pub struct Round {
    repo: Repo,
    is_quick: bool,
    is_full: bool,
    /// For data folders and the like; gone at the end.
    scratch: TempDir,
    /// Where the logs stay: `target/xtask`.
    logs: PathBuf,
    /// The release build, or why there is none; made once.
    binary: OnceCell<Result<PathBuf, String>>,
}

/// Runs the suites and says whether all passed.
pub fn run(repo: Repo, options: &Options) -> Result<bool> {
    let chosen = choose(options)?;
    let round = Round::new(repo, options)?;
    let mut total = Tally::default();
    for suite in &chosen {
        total += run_suite(suite, &round);
    }
    println!("{total}");
    Ok(total.failed == 0)
}

fn choose(options: &Options) -> Result<Vec<Suite>> {
    let known: Vec<&str> = suites::all().iter().map(|suite| suite.name).collect();
    for name in &options.only {
        ensure!(
            known.contains(&name.as_str()),
            "there is no suite {name:?}; there are {}",
            known.join(", ")
        );
    }
    let is_chosen = |suite: &Suite| {
        (suite.is_quick || !options.quick) && (options.only.is_empty() || options.only.iter().any(|n| n == suite.name))
    };
    Ok(suites::all().into_iter().filter(is_chosen).collect())
}

/// Runs one suite; a suite that cannot run, or fails outside its counted tests, counts as one failure.
fn run_suite(suite: &Suite, round: &Round) -> Tally {
    println!("== {}", suite.name);
    let started = Instant::now();
    let outcome = tools::provide(round.needs_of(suite)).and_then(|()| (suite.run)(round));
    let tally = outcome.unwrap_or_else(|error| {
        println!("{error:#}");
        Tally::FAILURE
    });
    println!("   {}: {tally} in {:.1} s", suite.name, started.elapsed().as_secs_f64());
    tally
}

impl Round {
    fn new(repo: Repo, options: &Options) -> Result<Round> {
        let logs = repo.target.join("xtask");
        fs::create_dir_all(&logs).with_context(|| format!("create {}", logs.display()))?;
        let scratch = tempfile::Builder::new().prefix("ngoma-test-").tempdir()?;
        let (is_quick, is_full) = (options.quick, options.full);
        Ok(Round {
            repo,
            is_quick,
            is_full,
            scratch,
            logs,
            binary: OnceCell::new(),
        })
    }

    fn needs_of(&self, suite: &Suite) -> &'static [Tool] {
        if self.is_quick { &[] } else { suite.needs }
    }

    /// Runs a command to its end, its output in the log of `name`.
    fn finish(&self, name: &str, command: &mut Command) -> Result<Finished> {
        if self.is_full {
            command.env("NGOMA_FULL", "1");
        }
        process::finish(command, &self.logs.join(format!("{name}.log")))
    }

    /// Runs a command that is a check as a whole: one passed, or its output as the error.
    fn pass(&self, name: &str, command: &mut Command) -> Result<Tally> {
        let finished = self.finish(name, command)?;
        ensure!(finished.status.success(), "{}", tally::worth_showing(&finished.text));
        Ok(Tally::SUCCESS)
    }

    /// The release build of the program, made at most once a round.
    fn binary(&self) -> Result<PathBuf> {
        let built = self.binary.get_or_init(|| {
            self.pass(
                "release-build",
                &mut self.repo.cargo(["build", "--release", "--package", "ngoma"]),
            )
            .map(|_| self.repo.release_binary())
            .map_err(|error| format!("{error:#}"))
        });
        built
            .clone()
            .map_err(|error| anyhow!("cargo build --release failed\n{error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(quick: bool, only: &[&str]) -> Result<Vec<&'static str>> {
        let only = only.iter().map(|&name| name.to_owned()).collect();
        Ok(choose(&Options {
            quick,
            full: false,
            only,
        })?
        .iter()
        .map(|suite| suite.name)
        .collect())
    }

    #[test]
    fn quick_leaves_out_what_needs_a_server() {
        assert_eq!(names(true, &[]).unwrap(), ["format", "lint", "tidy", "rust"]);
        assert_eq!(names(false, &[]).unwrap().len(), suites::all().len());
    }

    #[test]
    fn only_runs_what_it_names() {
        assert_eq!(names(false, &["readme"]).unwrap(), ["readme"]);
        assert!(
            names(false, &["nonesuch"])
                .unwrap_err()
                .to_string()
                .contains("there is no suite \"nonesuch\"")
        );
    }
}
