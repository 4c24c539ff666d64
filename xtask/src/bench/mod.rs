//! `cargo xtask bench`: measures what the project promises, on this machine, and compares.

mod build;
pub mod cpu;
mod disk;
mod engine;
mod host;
mod memory;
mod quiet;
mod report;
mod services;
mod smpp;
mod ussd;

use anyhow::Result;
use clap::Subcommand;

use crate::repo::Repo;

/// What can be measured.
#[derive(Subcommand)]
pub enum Bench {
    /// USSD turns: how many a second, how quick, at what cost; and idle memory
    Ussd(ussd::Options),
    /// Accepting messages over HTTP, durably: how many a second on each back end, at what cost; growth and memory
    Engine(engine::Options),
    /// SMPP beside Kannel: messages to phones and from them, at what cost; and one session by itself
    Smpp(smpp::Options),
    /// Services beside a node process for each message: what a message costs, idle memory, stopping, neighbours
    Services(services::Options),
    /// Building: cold release build, and the build after a one-line change
    Build,
}

/// Runs a bench and says whether all of its bars are met.
pub fn run(repo: &Repo, bench: &Bench) -> Result<bool> {
    let report = match bench {
        Bench::Ussd(options) => ussd::run(repo, options)?,
        Bench::Engine(options) => engine::run(repo, options)?,
        Bench::Smpp(options) => smpp::run(repo, options)?,
        Bench::Services(options) => services::run(repo, options)?,
        Bench::Build => build::run(repo)?,
    };
    print!("{report}");
    println!("{}", report.json());
    Ok(report.is_met())
}

/// Says on standard error what the bench is doing.
fn progress(step: &str) {
    eprintln!("-- {step}");
}
