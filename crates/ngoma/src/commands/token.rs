//! `ngoma token create ACCOUNT`: lets an account's own programs in.

use crate::control;
use crate::settings::{DataArgs, Settings, SettingsArgs};
use crate::worker::open_engine;
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
    settings.prepare_data_folder()?;
    let token = match control::create_token(&settings.data, &args.account, &args.label)? {
        Some(token) => token,
        None => create_in_folder(&settings, args)?,
    };
    println!("token for account {}, shown this once: {token}", args.account);
    Ok(ExitCode::SUCCESS)
}

fn create_in_folder(settings: &Settings, args: &CreateArgs) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let engine = open_engine(settings).await?;
        match engine.create_token(&args.account, &args.label).await? {
            Some(token) => Ok(token),
            None => bail!(control::no_such_account(&args.account)),
        }
    })
}
