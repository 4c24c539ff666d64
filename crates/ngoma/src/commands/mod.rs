//! The command line: one file a command, one line here to register it.

mod apply;
mod dead;
mod demo;
mod optout;
mod queue;
mod serve;
mod service;
mod smsc;
mod token;

use crate::control::{self, Answer, Request};
use crate::settings::{DataArgs, Settings, SettingsArgs};
use crate::{simulate, worker};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Websites and messaging services for people on any phone.
#[derive(Debug, Parser)]
#[command(name = "ngoma", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything: channels, services, queue and pages
    Serve(SettingsArgs),
    /// Start everything with a demo service and a phone to try it on
    Demo(SettingsArgs),
    /// Declare accounts, channels, services and routes from a TOML file; also while `serve` runs
    Apply(apply::ApplyArgs),
    /// Look at what waits, and mend the queue
    Queue(queue::QueueArgs),
    /// Look at what was given up, and have it tried again
    Dead(dead::DeadArgs),
    /// Look at who does not want messages of an account, and change that
    #[command(name = "optout")]
    OptOut(optout::OptOutArgs),
    /// Let an account's own programs in
    Token(token::TokenArgs),
    /// Make, check, test and deploy a service, list and roll back its versions, read its log
    Service(service::ServiceArgs),
    /// Talk to a service from standard input, one JSON object a line
    Simulate(simulate::SimulateArgs),
    /// Run an SMSC to develop against: a carrier that behaves as it is told, with a page and an API
    Smsc(smsc::SmscArgs),
    /// Run one worker of `serve`
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
    /// Run the code of one service, locked down
    #[command(hide = true)]
    SandboxWorker,
}

/// Runs one command; an error is one line on standard error and an exit code that is not 0.
pub fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Serve(args) => serve::run(&args, &cli.data),
        Command::Demo(args) => demo::run(&args, &cli.data),
        Command::Apply(args) => apply::run(&args, &cli.data),
        Command::Queue(args) => queue::run(&args, &cli.data),
        Command::Dead(args) => dead::run(&args, &cli.data),
        Command::OptOut(args) => optout::run(&args, &cli.data),
        Command::Token(args) => token::run(&args, &cli.data),
        Command::Service(args) => service::run(&args, &cli.data),
        Command::Simulate(args) => simulate::run(&args),
        Command::Smsc(args) => smsc::run(&args),
        Command::Worker(args) => worker::run(&args, &cli.data),
        Command::SandboxWorker => ngoma_sandbox::worker_main(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("ngoma: {}", one_line(&error));
        ExitCode::FAILURE
    })
}

/// Has the running `serve` do what is asked if there is one, else does it on the data folder itself.
fn ask_or_do(settings: &Settings, request: Request) -> Result<Answer> {
    settings.prepare_data_folder()?;
    if let Some(answer) = control::ask(&settings.data, &request)? {
        return Ok(answer);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let engine = worker::open_engine(settings).await?;
        Ok(control::answer(&engine, request, &settings.base_url()).await)
    })
}

/// The error and its causes in one line.
fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").replace('\n', " ")
}
