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
    only: Option<What>,
    /// Measure only on this back end
    #[arg(long, value_parser = KINDS.map(|kind| kind.name))]
    on: Option<String>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// How many messages a second are accepted, and what each costs
    Rates,
    /// How fast what waits goes out
    Passage,
    /// Whether cost grows with what is stored
    Growth,
    /// Whether memory grows with time
    Memory,
    /// Whether an account that floods delays another
    Fairness,
}

/// A part of the bench.
struct Part {
    what: What,
    /// Whether it is the same on all back ends that keep messages in the same store.
    is_of_stores: bool,
    measure: fn(&Bench, &Kind) -> Result<Vec<Figure>>,
}

/// All parts, in their order.
const PARTS: [Part; 5] = [
    Part {
        what: What::Rates,
        is_of_stores: false,
        measure: rates::measure,
    },
    Part {
        what: What::Passage,
        is_of_stores: false,
        measure: passage::measure,
    },
    Part {
        what: What::Growth,
        is_of_stores: true,
        measure: growth::measure,
    },
    Part {
        what: What::Memory,
        is_of_stores: true,
        measure: endurance::measure,
    },
    Part {
        what: What::Fairness,
        is_of_stores: true,
        measure: fairness::measure,
    },
];

/// How many messages a store holds when it counts as full.
const MESSAGES: u64 = 300_000;
const MESSAGES_FULL: u64 = 10_000_000;
/// How long memory is watched, and how long caches have to fill before that, in seconds.
const MEMORY_SECS: (u64, u64) = (10, 60);
const MEMORY_SECS_FULL: (u64, u64) = (90, 600);

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
        let options = self.options;
        let mut figures = Vec::new();
        for part in PARTS {
            let is_asked = options.only.is_none_or(|only| only == part.what);
            let kinds = KINDS.into_iter().filter(|kind| kind.is_store || !part.is_of_stores);
            for kind in kinds.filter(|kind| options.on.as_ref().is_none_or(|on| on == kind.name)) {
                if is_asked {
                    figures.extend((part.measure)(self, kind)?);
                }
            }
        }
        Ok(figures)
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
