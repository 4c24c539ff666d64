//! `ngoma apply FILE.toml`: declares accounts, channels, services and routes as one change.

use super::ask_or_do;
use crate::control::{self, Answer, Request};
use crate::declare;
use crate::settings::{DataArgs, SettingsArgs};
use anyhow::{Result, bail};
use ngoma_engine::directory::{Change, Report};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ngoma apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// The file that declares them; sources in it are found from the file's own folder
    file: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Applies the file: through the running `serve` if there is one, else to the data folder itself.
pub fn run(args: &ApplyArgs, data: &DataArgs) -> Result<ExitCode> {
    let settings = args.settings.resolve(data)?;
    let declaration = declare::read_file(&args.file)?;
    let report = match ask_or_do(&settings, Request::Apply(Box::new(declaration)))? {
        Answer::Applied(report) => report,
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(control::OTHER_VERSION),
    };
    print_report(&report);
    if report.lines.is_empty() {
        println!("nothing  {} declares no account", args.file.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn print_report(report: &Report) {
    for line in &report.lines {
        let change = match line.change {
            Change::Created => "created",
            Change::Changed => "changed",
            Change::Left => "left",
            Change::Removed => "removed",
        };
        println!("{change:<8} {}", line.what);
    }
}
