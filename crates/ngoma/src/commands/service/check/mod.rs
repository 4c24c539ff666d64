//! `ngoma service check`: what is wrong with a service before anybody uses it.

mod types;

use super::library;
use super::paint::Paint;
use crate::simulate::sandbox;
use anyhow::{Context, Result};
use ngoma_engine::service::Bundle;
use ngoma_sandbox::bundle::{self, BundleError};
use ngoma_sandbox::check::{self, CodeReport, Finding, Severity};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `ngoma service check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The service: a folder with package.json, or a script
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
}

/// Checks it and says what was found, one finding a line.
pub fn run(args: &CheckArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checked = runtime.block_on(Checked::of(&args.path, Types::Look))?;
    let paint = Paint::of_stdout();
    for finding in &checked.report.findings {
        println!("{}", painted(finding, paint));
    }
    let errors = checked.count(Severity::Error);
    let warnings = checked.count(Severity::Warning);
    let gap = if checked.report.findings.is_empty() { "" } else { "\n" };
    print!("{gap}");
    for note in &checked.notes {
        println!("{}", paint.dim(note));
    }
    let files = plural(checked.report.files, "file");
    println!(
        "{files} looked at: {}, {}",
        plural(errors, "error"),
        plural(warnings, "warning")
    );
    let is_well = errors == 0 && (warnings == 0 || !args.strict);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what is wrong with a service that is about to be deployed; how many errors there are. Types are their compiler's affair.
pub fn say_errors(path: &Path) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checked = runtime.block_on(Checked::of(path, Types::Leave))?;
    let paint = Paint::of_stderr();
    let errors = checked.report.findings.iter();
    for finding in errors.filter(|finding| finding.severity == Severity::Error) {
        eprintln!("{}", painted(finding, paint));
    }
    Ok(checked.count(Severity::Error))
}

/// Whether types are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Types {
    Look,
    Leave,
}

/// What was found, and what was not looked at.
struct Checked {
    report: CodeReport,
    notes: Vec<String>,
}

impl Checked {
    async fn of(path: &Path, types: Types) -> Result<Self> {
        std::fs::metadata(path).with_context(|| path.display().to_string())?;
        let (bundle, folder, no_main) = read(path)?;
        let sandbox = sandbox()?;
        let report = check::check_code(&bundle, &sandbox.known_globals().await);
        let mut checked = Self {
            report,
            notes: Vec::new(),
        };
        checked.report.add(no_main.into_iter().collect());
        checked.add_catalogues(&bundle);
        if let (Some(folder), Types::Look) = (&folder, types) {
            library::renew_types(folder)?;
            checked.add_types(folder, &bundle);
        }
        if bundle.main.ends_with(".py") {
            checked
                .notes
                .push("code, states and texts: not looked at, since the service is in Python".to_owned());
            return Ok(checked);
        }
        if checked.count(Severity::Error) > 0 {
            checked
                .notes
                .push("states and texts: not looked at, since the code has errors".to_owned());
            return Ok(checked);
        }
        match sandbox.describe(bundle.clone()).await {
            Ok(Some(description)) => {
                checked.report.add_description(&description);
                let states = plural(description.states.len(), "state");
                let languages = plural(description.languages.len(), "language");
                checked.notes.push(format!("{states} in {languages} looked at"));
            }
            Ok(None) if checked.report.toolkit.states.is_empty() => {
                checked.notes.push(
                    "states and texts: not looked at, since the service is not on the library \"ngoma\"".to_owned(),
                );
            }
            Ok(None) => {
                let states = plural(checked.report.toolkit.states.len(), "state");
                checked.notes.push(format!(
                    "{states} looked at as far as the code names them; texts: not looked at, since the service is not on the library \"ngoma\""
                ));
            }
            Err(error) => {
                let file = error.file.clone().unwrap_or_else(|| bundle.main.clone());
                let place = (error.line.unwrap_or(0), error.column.unwrap_or(1));
                let finding = Finding::error(
                    &file,
                    place,
                    format!("the service does not start: {}", error.message),
                    "",
                );
                checked.report.add(vec![finding]);
            }
        }
        Ok(checked)
    }

    fn add_catalogues(&mut self, bundle: &Bundle) {
        let catalogues = bundle
            .files
            .iter()
            .filter(|(path, _)| path.ends_with(".po") && check::is_of_author(path));
        for (path, bytes) in catalogues {
            let findings = match std::str::from_utf8(bytes) {
                Ok(text) => check::check_catalogue(path, text),
                Err(_) => vec![Finding::error(path, (0, 0), "is not UTF-8 text", "save it as UTF-8")],
            };
            self.report.add(findings);
        }
    }

    fn add_types(&mut self, folder: &Path, bundle: &Bundle) {
        let is_typed = bundle
            .files
            .keys()
            .any(|path| check::is_of_author(path) && path.ends_with(".ts"));
        if !is_typed {
            return;
        }
        match types::check(folder) {
            types::Types::Checked(findings) => self.report.add(findings),
            types::Types::Left(why) => self.notes.push(why),
        }
    }

    fn count(&self, severity: Severity) -> usize {
        let findings = self.report.findings.iter();
        findings.filter(|finding| finding.severity == severity).count()
    }
}

/// The code, its folder unless it is a script alone, and what is wrong with how it begins.
fn read(path: &Path) -> Result<(Bundle, Option<PathBuf>, Option<Finding>)> {
    let folder = match path.is_dir() {
        true => Some(path.to_owned()),
        false => path
            .parent()
            .filter(|folder| folder.join("package.json").is_file())
            .map(Path::to_owned),
    };
    match (bundle::read(path), &folder) {
        (Ok(bundle), _) => Ok((bundle, folder, None)),
        (Err(BundleError::Unfit { problem, .. }), Some(inside)) if inside.join("package.json").is_file() => {
            let finding = Finding::error(
                "package.json",
                (0, 0),
                problem,
                "name the file that is run first as \"main\"",
            );
            Ok((bundle::read_all(inside)?, folder, Some(finding)))
        }
        (Err(error), _) => Err(error.into()),
    }
}

fn painted(finding: &Finding, paint: Paint) -> String {
    match finding.severity {
        Severity::Error => paint.red(finding),
        Severity::Warning => paint.yellow(finding),
    }
}

fn plural(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}
