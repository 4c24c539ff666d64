//! `ngoma optout`: who does not want messages of an account.

use super::ask_or_do;
use crate::control::{self, Answer, Request};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Arguments of `ngoma optout`.
#[derive(Debug, clap::Args)]
pub struct OptOutArgs {
    #[command(subcommand)]
    command: OptOutCommand,
}

#[derive(Debug, clap::Subcommand)]
enum OptOutCommand {
    /// Show who does not want messages of an account, by address, and since when
    List(ListArgs),
    /// Note that a person does not want messages of an account: only answers to their own are sent
    Add(PersonArgs),
    /// Note that a person wants messages of an account again
    Remove(PersonArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The account's name
    account: String,
    /// Go on behind this address
    #[arg(long, value_name = "ADDRESS")]
    after: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, clap::Args)]
struct PersonArgs {
    /// The account's name
    account: String,
    /// The person: a number as +27831234567, or an address of another network as telegram:123
    address: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs one of its commands.
pub fn run(args: &OptOutArgs, data: &DataArgs) -> Result<ExitCode> {
    let (settings, request) = match &args.command {
        OptOutCommand::List(args) => (
            &args.settings,
            Request::ListOptOuts {
                account: args.account.clone(),
                after: args.after.clone(),
            },
        ),
        OptOutCommand::Add(args) => (
            &args.settings,
            Request::OptOut {
                account: args.account.clone(),
                address: args.address.clone(),
            },
        ),
        OptOutCommand::Remove(args) => (
            &args.settings,
            Request::OptIn {
                account: args.account.clone(),
                address: args.address.clone(),
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
