//! The project's automation: `cargo xtask test`, `cargo xtask tidy` and `cargo xtask bench`.

mod bench;
mod http;
mod load;
mod process;
mod repo;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repo::Repo;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Test, measure and tidy this project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run all tests; ends with the line `N passed, N failed`
    Test(test::Options),
    /// Check the house rules a machine can check
    Tidy,
    /// Measure what the project promises; ends with one line of JSON
    #[command(subcommand)]
    Bench(bench::Bench),
    /// The load program of the USSD bench, which starts it as a process of its own
    #[command(hide = true)]
    Load(load::Options),
    /// The load program of the sending API, which its bench starts as a process of its own
    #[command(hide = true)]
    Submit(load::submit::Options),
    /// The SMSC of the SMPP bench, which starts it as a process of its own
    #[command(hide = true)]
    Smsc(load::smsc::Options),
    /// What finds out how much that SMSC itself can take
    #[command(hide = true)]
    Ceiling(load::smsc::ceiling::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the task found everything as it should be.
fn run(task: Task) -> anyhow::Result<bool> {
    match task {
        Task::Test(options) => test::run(Repo::find()?, &options),
        Task::Tidy => tidy::run(&Repo::find()?),
        Task::Bench(bench) => bench::run(&Repo::find()?, &bench),
        Task::Load(options) => load::run(&options).map(|()| true),
        Task::Submit(options) => load::submit::run(&options).map(|()| true),
        Task::Smsc(options) => load::smsc::run(&options).map(|()| true),
        Task::Ceiling(options) => load::smsc::ceiling::run(&options).map(|()| true),
    }
}
