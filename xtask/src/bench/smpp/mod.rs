//! `cargo xtask bench smpp`: messages to phones and from them over SMPP, beside Kannel, and one session by itself.

mod gateway;
mod kannel;
mod mo;
mod mt;
mod ngoma;
mod session;
mod spread;
mod stub;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use clap::ValueEnum;

use super::disk::{self, Samples};
use super::host::Host;
use super::progress;
use super::report::{Figure, Report};
use crate::repo::Repo;
use crate::test::tools::{self, KANNEL};
use stub::Stub;

/// The command line of the bench.
#[derive(clap::Args)]
pub struct Options {
    /// How long each measurement takes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    secs: u64,
    /// How often each is done, in turns; the middle counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// How many messages of a session may be without an answer; the same for both
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1000))]
    window: u64,
    /// Measure only this
    #[arg(long)]
    only: Option<What>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Messages to phones: taken over HTTP, stored, submitted
    Mt,
    /// Messages from phones: delivered, answered by a service, the reply submitted
    Mo,
    /// One session of ours without anything behind it, and what the stub SMSC itself can take
    Session,
}

type Measure = fn(&Bench, &mut Stub) -> Result<Vec<Figure>>;

/// All parts, in their order.
const PARTS: [(What, Measure); 3] = [
    (What::Mt, mt::measure),
    (What::Mo, mo::measure),
    (What::Session, session::measure),
];

/// Measures all parts, ours and Kannel in turns, with one stub SMSC and one load program.
pub fn run(repo: &Repo, options: &Options) -> Result<Report> {
    tools::provide(&[KANNEL])?;
    // Under the target folder, which is on a disk: the usual place for temporary files may be memory.
    fs::create_dir_all(&repo.target)?;
    disk::ensure_not_memory(&repo.target)?;
    let bench = Bench { repo, options };
    bench.build()?;
    let host = Host::look().with_peer("kannel", kannel::version()?);
    let mut disk = Samples::default();
    disk.take(&repo.target)?;
    let mut figures = bench.measure_all()?;
    disk.take(&repo.target)?;
    let fsync = disk.summary();
    figures.push(Figure::new("fsync_p50_ms", fsync.p50_ms, "ms"));
    figures.push(Figure::new("fsync_p99_ms", fsync.p99_ms, "ms"));
    Ok(Report {
        bench: "smpp",
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
    /// Ours, and the programs that load it: on a small machine they would else take from it what they waste.
    fn build(&self) -> Result<()> {
        let packages: [&[&str]; 3] = [&["ngoma"], &["xtask"], &["ngoma-smpp", "--example", "blast"]];
        for package in packages {
            progress(&format!("cargo build --release --package {}", package.join(" ")));
            let mut build = self.repo.cargo(["build", "--release", "--package"]);
            let built = build.args(package).stdout(Stdio::null()).status()?;
            ensure!(built.success(), "cargo build --release failed");
        }
        Ok(())
    }

    fn measure_all(&self) -> Result<Vec<Figure>> {
        let mut stub = Stub::start(self)?;
        let mut figures = Vec::new();
        for (what, measure) in PARTS {
            if self.options.only.is_none_or(|only| only == what) {
                figures.extend(measure(self, &mut stub)?);
            }
        }
        Ok(figures)
    }

    /// A load program or the stub, which are hidden tasks of this program.
    fn task(&self, name: &str) -> Command {
        let mut command = Command::new(self.release("xtask"));
        command.arg(name);
        command
    }

    fn release(&self, program: &str) -> PathBuf {
        self.repo.target.join("release").join(program)
    }
}
