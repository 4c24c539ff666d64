//! `ngoma dead`: what was given up, shown and tried again.

use super::ask_or_do;
use crate::control::{self, Answer, Request};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Arguments of `ngoma dead`.
#[derive(Debug, clap::Args)]
pub struct DeadArgs {
    #[command(subcommand)]
    command: DeadCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DeadCommand {
    /// Show what was given up, the latest first, with the reason
    List(ListArgs),
    /// Have all that was given up of one kind tried again, as if for the first time
    Replay(ReplayArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The account's name
    account: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, clap::Args)]
struct ReplayArgs {
    /// The account's name
    account: String,
    /// What was to be done: inbound, outbound, event or webhook
    kind: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs one of its commands.
pub fn run(args: &DeadArgs, data: &DataArgs) -> Result<ExitCode> {
    let (settings, request) = match &args.command {
        DeadCommand::List(args) => (
            &args.settings,
            Request::ListDead {
                account: args.account.clone(),
            },
        ),
        DeadCommand::Replay(args) => (
            &args.settings,
            Request::ReplayDead {
                account: args.account.clone(),
                kind: args.kind.clone(),
            },
        ),
    };
    match ask_or_do(&settings.resolve(data)?, request)? {
        Answer::Text(text) => println!("{text}"),
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(control::OTHER_VERSION),
    }
    Ok(ExitCode::SUCCESS)
}
