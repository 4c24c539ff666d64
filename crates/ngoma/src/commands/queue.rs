//! `ngoma queue`: what waits on each channel, and a broker filled again that has lost what it held.

use super::ask_or_do;
use crate::control::{self, Answer, Request};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Arguments of `ngoma queue`.
#[derive(Debug, clap::Args)]
pub struct QueueArgs {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, clap::Subcommand)]
enum QueueCommand {
    /// Show how much waits on each channel, and how much is under way or given up
    Depth(SettingsArgs),
    /// Hand every piece of work to the broker again, after its disk was lost: nothing is sent twice by that
    Rebuild(SettingsArgs),
}

/// Runs one of its commands: through the running `serve` if there is one, else on the data folder itself.
pub fn run(args: &QueueArgs, data: &DataArgs) -> Result<ExitCode> {
    let (settings, request) = match &args.command {
        QueueCommand::Depth(settings) => (settings, Request::QueueDepth),
        QueueCommand::Rebuild(settings) => (settings, Request::RebuildQueue),
    };
    let settings = settings.resolve(data)?;
    match ask_or_do(&settings, request)? {
        Answer::Text(text) => println!("{text}"),
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(control::OTHER_VERSION),
    }
    Ok(ExitCode::SUCCESS)
}
