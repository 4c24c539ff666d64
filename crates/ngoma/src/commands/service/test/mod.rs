//! `ngoma service test`: the author's own tests and recorded dialogues, in the engine that runs the service.

mod cover;
mod dialogues;
mod diff;
mod find;
mod globs;
mod report;
mod watch;

use super::paint::Paint;
use crate::simulate::sandbox;
use anyhow::Result;
use cover::Cover;
use find::Found;
use ngoma_sandbox::Sandbox;
use ngoma_sandbox::coverage::COUNTERS;
use ngoma_sandbox::testing::TestOptions;
use report::Reporter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `ngoma service test`.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// The service: a folder with package.json, or a script; or a dialogue, or a folder of dialogues
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Run the tests again each time a file changes
    #[arg(long)]
    watch: bool,
    /// Show which lines and states the tests reach
    #[arg(long)]
    coverage: bool,
    /// Write which lines the tests reach to this file, in the form of lcov
    #[arg(long, value_name = "FILE")]
    lcov: Option<PathBuf>,
    /// Run only the tests and dialogues whose title contains this text
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// The files of tests, such as "test/**/*.js", instead of those found; may be given again
    #[arg(long, value_name = "GLOB")]
    spec: Vec<String>,
    /// Write what the service answers now into the dialogues
    #[arg(long)]
    update: bool,
}

/// Runs the tests, once or after each change.
pub fn run(args: &TestArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let sandbox = sandbox()?;
        if !args.watch {
            let is_success = args.run_once(&sandbox).await?;
            return Ok(exit_code(is_success));
        }
        loop {
            let seen = watch::look(&find::folder_of(&args.path), args.lcov.as_deref());
            watch::clear_screen();
            if let Err(problem) = args.run_once(&sandbox).await {
                println!("{problem:#}");
            }
            println!("\nWaiting for a change; stop with Ctrl+C.");
            watch::wait(&find::folder_of(&args.path), args.lcov.as_deref(), &seen).await;
        }
    })
}

impl TestArgs {
    async fn run_once(&self, sandbox: &Arc<Sandbox>) -> Result<bool> {
        let found = find::find(&self.path, &self.spec)?;
        let mut reporter = Reporter::new(Paint::of_stdout());
        let mut cover = (self.coverage || self.lcov.is_some()).then(Cover::default);
        self.run_specs(sandbox, &found, &mut reporter, cover.as_mut()).await?;
        self.run_dialogues(sandbox, &found, &mut reporter, cover.as_mut())
            .await?;
        reporter.finish();
        if let Some(cover) = cover {
            cover.tell(sandbox, &found, self.coverage, self.lcov.as_deref()).await?;
        }
        reporter.tell_count();
        Ok(reporter.is_success())
    }

    async fn run_specs(
        &self,
        sandbox: &Sandbox,
        found: &Found,
        reporter: &mut Reporter,
        cover: Option<&mut Cover>,
    ) -> Result<()> {
        let Some(bundle) = found.bundle_for_specs()? else {
            return Ok(());
        };
        let mut options = TestOptions {
            only: self.grep.clone(),
            ..TestOptions::default()
        };
        let bundle = match &cover {
            Some(_) => {
                options.collect = Some(COUNTERS.to_owned());
                Cover::instrument(&bundle)
            }
            None => bundle,
        };
        let report = sandbox
            .run_tests(&bundle, &found.specs, &options, |event| reporter.event(event))
            .await;
        if let Some(problem) = &report.problem {
            reporter.problem(problem);
        }
        if let (Some(cover), Some(counted)) = (cover, &report.collected) {
            cover.add(counted);
        }
        Ok(())
    }

    async fn run_dialogues(
        &self,
        sandbox: &Arc<Sandbox>,
        found: &Found,
        reporter: &mut Reporter,
        cover: Option<&mut Cover>,
    ) -> Result<()> {
        let mut stage = dialogues::Stage::new(sandbox, found, cover);
        for file in &found.dialogues {
            let title = found.shown(file);
            if self.grep.as_ref().is_none_or(|wanted| title.contains(wanted)) {
                let played = stage.play(file, self.update).await;
                reporter.dialogue(&title, &file.display().to_string(), played);
            }
        }
        Ok(())
    }
}

fn exit_code(is_success: bool) -> ExitCode {
    if is_success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
