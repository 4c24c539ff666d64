//! `cargo xtask bench engine`: accepting messages over HTTP, durably, on each back end.

mod backends;
mod endurance;
mod fairness;
mod growth;
mod load;
mod passage;
mod provider;
mod rates;
mod server;
mod verify;

use std::process::Stdio;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use super::disk::Samples;
use super::host::Host;
use super::progress;
use super::quiet;
use super::report::{Figure, Report};
use crate::repo::Repo;
use crate::test::tools;
use backends::{KINDS, Kind};
use load::Run;
use server::Server;

/// The command line of the bench.
#[derive(clap::Args)]
pub struct Options {
    /// How long each measurement takes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    secs: u64,
    /// How often each is done; the middle counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Fill stores to 10 million messages and watch memory for 10 minutes: about an hour
    #[arg(long)]
    full: bool,
    /// Measure only this
    #[arg(long)]
    only: Option<Only>,
}

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Rates and costs on SQLite
    Sqlite,
    /// Rates and costs on PostgreSQL
    Postgres,
    /// Rates and costs on PostgreSQL with RabbitMQ
    Rabbitmq,
    /// How fast what waits goes out
    Passage,
    /// Whether cost grows with what is stored
    Growth,
    /// Whether memory grows with time
    Memory,
    /// Whether an account that floods delays another
    Fairness,
}

/// How many messages a store holds when it counts as full.
const MESSAGES: u64 = 300_000;
const MESSAGES_FULL: u64 = 10_000_000;
/// How long memory is watched, and how long caches have to fill before that, in seconds.
const MEMORY_SECS: (u64, u64) = (10, 60);
const MEMORY_SECS_FULL: (u64, u64) = (30, 600);

/// Measures rates, passage, growth, memory and fairness, each on every back end and each on a store of its own.
pub fn run(repo: &Repo, options: &Options) -> Result<Report> {
    for kind in KINDS {
        tools::provide(kind.needs)?;
    }
    progress("cargo build --release");
    let built = repo
        .cargo(["build", "--release", "--package", "ngoma"])
        .stdout(Stdio::null())
        .status()?;
    ensure!(built.success(), "cargo build --release failed");
    let host = Host::look();
    if !options.full {
        progress(&format!(
            "a short run: {MESSAGES} messages and {} s of memory; --full is {MESSAGES_FULL} and {} s",
            MEMORY_SECS.1, MEMORY_SECS_FULL.1
        ));
    }
    let bench = Bench { repo, options };
    let mut disk = Samples::default();
    disk.take(&repo.target)?;
    let mut figures = bench.measure_all()?;
    disk.take(&repo.target)?;
    let fsync = disk.summary();
    figures.push(Figure::new("fsync_p50_ms", fsync.p50_ms, "ms"));
    figures.push(Figure::new("fsync_p99_ms", fsync.p99_ms, "ms"));
    Ok(Report {
        bench: "engine",
        figures,
        host: host.with_disk(fsync),
    })
}

/// What its measurements need to know.
struct Bench<'a> {
    repo: &'a Repo,
    options: &'a Options,
}

impl Bench<'_> {
    fn measure_all(&self) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for kind in KINDS {
            if self.is_asked(kind.name) {
                figures.extend(rates::measure(self, kind)?);
            }
        }
        for kind in KINDS.into_iter().filter(|_| self.is_asked("passage")) {
            figures.extend(passage::measure(self, kind)?);
        }
        for kind in KINDS
            .into_iter()
            .filter(|kind| kind.is_store && self.is_asked("growth"))
        {
            figures.extend(growth::measure(self, kind)?);
        }
        for kind in KINDS
            .into_iter()
            .filter(|kind| kind.is_store && self.is_asked("memory"))
        {
            figures.extend(endurance::measure(self, kind)?);
        }
        for kind in KINDS
            .into_iter()
            .filter(|kind| kind.is_store && self.is_asked("fairness"))
        {
            figures.extend(fairness::measure(self, kind)?);
        }
        Ok(figures)
    }

    fn is_asked(&self, part: &str) -> bool {
        let name = |only: Only| only.to_possible_value().is_some_and(|value| value.matches(part, false));
        self.options.only.is_none_or(name)
    }

    /// Starts a server on an empty store, once the machine is quiet.
    fn start(&self, kind: &Kind) -> Result<Server> {
        quiet::wait()?;
        Server::start(self.repo, kind)
    }

    /// Does it as often as was asked for.
    fn rounds(&self, run: impl Fn() -> Result<Run>) -> Result<Vec<Run>> {
        (0..self.options.rounds).map(|_| run()).collect()
    }

    fn target(&self) -> u64 {
        if self.options.full { MESSAGES_FULL } else { MESSAGES }
    }

    fn endurance_secs(&self) -> (u64, u64) {
        if self.options.full {
            MEMORY_SECS_FULL
        } else {
            MEMORY_SECS
        }
    }
}

/// The middle value; of an even number of them the higher.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_none_is_no_number() {
        assert_eq!(middle([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert!(middle(std::iter::empty()).is_nan());
    }
}
