//! `ngoma simulate`: a scriptable phone. The step code is production's; the store is in memory and http comes from fixtures.

pub mod dialogue;

mod fixtures;
mod input;
mod memory_kv;
mod output;
mod phone;
mod simulation;

pub use simulation::{Loaded, sandbox};

use anyhow::{Context, Result};
use chrono::DateTime;
use fixtures::Fixtures;
use input::Lines;
use ngoma_engine::ports::contacts::MemoryContacts;
use ngoma_message::{Object, Timestamp};
use ngoma_sandbox::bundle;
use phone::Phone;
use simulation::{Beginning, Simulation};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit code for input that cannot be read.
const BAD_INPUT: u8 = 2;

/// Arguments of `ngoma simulate`.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// A script, or a folder with package.json
    service: PathBuf,
    /// A JSON object: the service's config keys and their values
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A JSON object: the store before the first message
    #[arg(long, value_name = "FILE")]
    kv: Option<PathBuf>,
    /// A JSON object: the contacts and groups before the first message, each as the service is shown them
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
    /// A JSON list of the calls to the outside that are answered, and how
    #[arg(long, value_name = "FILE")]
    http: Option<PathBuf>,
    /// Stops the clock at this moment, such as 2026-11-23T08:30:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
}

/// Answers every line of standard input with a line on standard output.
pub fn run(args: &SimulateArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let simulation = args.open().await?;
        answer_all(&simulation, std::io::stdin().lock(), std::io::stdout().lock()).await
    })
}

/// Is a phone on a terminal; elsewhere answers line by line.
pub fn talk(args: &SimulateArgs) -> Result<ExitCode> {
    if !std::io::stdin().is_terminal() {
        return run(args);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let simulation = args.open().await?;
        Phone::new(&simulation)
            .talk(std::io::stdin().lock(), std::io::stdout().lock())
            .await
    })?;
    Ok(ExitCode::SUCCESS)
}

impl SimulateArgs {
    async fn open(&self) -> Result<Simulation> {
        let bundle = bundle::read(&self.service)?;
        let beginning = Beginning {
            config: object_file(self.config.as_deref())?,
            kv: object_file(self.kv.as_deref())?,
            contacts: contacts_file(self.contacts.as_deref())?,
            http: self
                .http
                .as_deref()
                .map(Fixtures::read)
                .transpose()?
                .unwrap_or_default(),
            now: self.now,
        };
        let loaded = Loaded::load(sandbox()?, "service", bundle).await;
        Ok(Simulation::new(loaded, beginning))
    }
}

/// Answers line by line, for programs.
async fn answer_all(simulation: &Simulation, input: impl BufRead, mut output: impl Write) -> Result<ExitCode> {
    let mut lines = Lines::new(input, simulation.clock.clone());
    while let Some(line) = lines.next() {
        let step_input = match line {
            Ok(step_input) => step_input,
            Err(problem) => {
                eprintln!("ngoma: {problem}");
                return Ok(ExitCode::from(BAD_INPUT));
            }
        };
        let outcome = simulation.step(step_input).await;
        let answer = output::line(&outcome, &simulation.kv, &simulation.contacts);
        writeln!(output, "{answer}")
            .and_then(|()| output.flush())
            .context("standard output was closed")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A moment in UTC, to the day, the minute, the second or the microsecond; or with an offset.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    let with_offset = || {
        Some(Timestamp::from_micros(
            DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros(),
        ))
    };
    let found = with_offset()
        .or_else(|| Timestamp::parse(text))
        .or_else(|| Timestamp::parse(&format!("{}:00", text.trim_end_matches('Z'))))
        .or_else(|| Timestamp::parse(&format!("{text} 00:00:00")));
    found.ok_or_else(|| "expected a time such as 2026-11-23T08:30:00Z or a day such as 2026-11-23".to_owned())
}

/// The contacts and groups in a file; no file holds nobody.
fn contacts_file(path: Option<&Path>) -> Result<MemoryContacts> {
    let contacts = MemoryContacts::default();
    let added = contacts.add(&object_file(path)?).map_err(anyhow::Error::msg);
    added.with_context(|| path.map_or_else(String::new, |path| path.display().to_string()))?;
    Ok(contacts)
}

/// The object in a file; no file is an empty one.
fn object_file(path: Option<&Path>) -> Result<Object> {
    let Some(path) = path else { return Ok(Object::new()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: expected a JSON object", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_their_usual_forms() {
        let cases = [
            ("2026-11-23T08:30:00Z", "2026-11-23 08:30:00.000000"),
            ("2026-11-23 08:30:00.25", "2026-11-23 08:30:00.250000"),
            ("2026-11-23T10:30:00+02:00", "2026-11-23 08:30:00.000000"),
            ("2026-11-23T08:30", "2026-11-23 08:30:00.000000"),
            ("2026-11-23T08:30Z", "2026-11-23 08:30:00.000000"),
            ("2026-11-23", "2026-11-23 00:00:00.000000"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_time(text).map(Timestamp::to_vumi),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
        for text in ["", "tomorrow", "08:30", "2026-13-01"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
