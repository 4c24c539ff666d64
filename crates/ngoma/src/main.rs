//! The ngoma program: every command and every role in one binary.

mod commands;
mod control;
mod declare;
mod master;
mod metrics;
mod settings;
mod simulate;
mod systems;
mod worker;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run(commands::Cli::parse())
}
