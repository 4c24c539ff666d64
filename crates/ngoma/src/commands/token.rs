//! `ngoma token create ACCOUNT`: lets an account's own programs in.

use super::ask_or_do;
use crate::control::{self, Answer, Request};
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Arguments of `ngoma token`.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TokenCommand {
    /// Make a token for an account and print it, this once; its programs send it as `Authorization: Bearer TOKEN`
    Create(CreateArgs),
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The account's name
    account: String,
    /// What the token is for, for whoever reads the list of tokens
    #[arg(long, default_value = "made on the command line")]
    label: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs one of its commands.
pub fn run(args: &TokenArgs, data: &DataArgs) -> Result<ExitCode> {
    match &args.command {
        TokenCommand::Create(args) => create(args, data),
    }
}

/// Makes the token: through the running `serve` if there is one, else in the data folder itself.
fn create(args: &CreateArgs, data: &DataArgs) -> Result<ExitCode> {
    let settings = args.settings.resolve(data)?;
    let request = Request::CreateToken {
        account: args.account.clone(),
        label: args.label.clone(),
    };
    match ask_or_do(&settings, request)? {
        Answer::Token(token) => println!("token for account {}, shown this once: {token}", args.account),
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(control::OTHER_VERSION),
    }
    Ok(ExitCode::SUCCESS)
}
