//! `ngoma apply FILE.toml`: declares accounts, channels, services and routes as one change.

use crate::control;
use crate::declare::{self, Declaration};
use crate::settings::{DataArgs, Settings, SettingsArgs};
use crate::worker::open_engine;
use anyhow::{Context, Result};
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
    settings.prepare_data_folder()?;
    let report = match control::apply(&settings.data, &declaration)? {
        Some(report) => report,
        None => apply_to_folder(&settings, declaration)?,
    };
    print_report(&report);
    if report.lines.is_empty() {
        println!("nothing  {} declares no account", args.file.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn apply_to_folder(settings: &Settings, declaration: Declaration) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let engine = open_engine(settings).await?;
        let document = declaration.into_document(&settings.base_url())?;
        engine.apply(document).await.context("nothing was applied")
    })
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
