//! `ngoma demo`: `serve`, plus `apply examples/demo.toml`, plus a phone to dial from.

use crate::master::{self, Program};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::Result;
use std::process::ExitCode;

/// Serves the demo until told to stop.
pub fn run(args: &SettingsArgs, data: &DataArgs) -> Result<ExitCode> {
    master::run(&args.resolve(data)?, Program::Demo)
}
