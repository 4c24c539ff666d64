//! `ngoma serve`: the master, its sockets and its worker.

use crate::master::{self, Program};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::Result;
use std::process::ExitCode;

/// Serves until told to stop.
pub fn run(args: &SettingsArgs, data: &DataArgs) -> Result<ExitCode> {
    master::run(&args.resolve(data)?, Program::Serve)
}
