//! `ngoma service`: services' code, from its first line to what it did in production.

mod check;
mod deployed;
mod library;
mod new;
mod paint;
mod test;

use crate::settings::DataArgs;
use crate::simulate;
use anyhow::Result;
use std::process::ExitCode;

/// Arguments of `ngoma service`.
#[derive(Debug, clap::Args)]
pub struct ServiceArgs {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ServiceCommand {
    /// Make a folder with a new service that works at once
    New(new::NewArgs),
    /// Look for mistakes in a service: code, states, texts in every language
    Check(check::CheckArgs),
    /// Run a service's own tests and recorded dialogues
    Test(test::TestArgs),
    /// Talk to a service as on a phone; programs talk to it by one JSON object a line
    Simulate(simulate::SimulateArgs),
    /// Make code the present version of a service; open sessions go on with the version they began with
    Deploy(deployed::DeployArgs),
    /// List the versions of a service's code, the latest first
    Versions(deployed::ServiceNameArgs),
    /// Make the code of an earlier version the present one again
    Rollback(deployed::RollbackArgs),
    /// Give a person's messages back that another service handed to this one
    HandBack(deployed::HandBackArgs),
    /// Show what a service logged and how it failed, the latest last
    Logs(deployed::LogsArgs),
    /// Show the recorded steps that were about a message, line by line, as JSON
    Steps(deployed::StepsArgs),
}

/// Runs one of its commands.
pub fn run(args: &ServiceArgs, data: &DataArgs) -> Result<ExitCode> {
    match &args.command {
        ServiceCommand::New(args) => new::run(args),
        ServiceCommand::Check(args) => check::run(args),
        ServiceCommand::Test(args) => test::run(args),
        ServiceCommand::Simulate(args) => simulate::talk(args),
        ServiceCommand::Deploy(args) => deployed::deploy(args, data),
        ServiceCommand::Versions(args) => deployed::versions(args, data),
        ServiceCommand::Rollback(args) => deployed::roll_back(args, data),
        ServiceCommand::HandBack(args) => deployed::hand_back(args, data),
        ServiceCommand::Logs(args) => deployed::logs(args, data),
        ServiceCommand::Steps(args) => deployed::steps(args, data),
    }
}
