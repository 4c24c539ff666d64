//! `ngoma simulate`: a scriptable phone. The step code is production's; the store is in memory and http comes from fixtures.

mod fixtures;
mod input;
mod memory_kv;
mod output;

use anyhow::{Context, Result};
use chrono::DateTime;
use fixtures::Fixtures;
use input::Lines;
use memory_kv::MemoryKv;
use ngoma_engine::service::{Ports, ServiceError, ServiceKey, ServiceRunner, Step, StepInput, StepOutcome};
use ngoma_engine::{Clock, FrozenClock, SystemClock};
use ngoma_message::{Object, Timestamp};
use ngoma_sandbox::{Sandbox, SandboxOptions, bundle};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long one step may take, calls to the outside included; as in production.
const STEP_LIMIT: Duration = Duration::from_secs(60);
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
        let simulation = Simulation::open(args).await?;
        simulation
            .answer_all(std::io::stdin().lock(), std::io::stdout().lock())
            .await
    })
}

/// A service, loaded, with all it may ask for.
struct Simulation {
    sandbox: Sandbox,
    key: ServiceKey,
    loaded: Result<(), ServiceError>,
    config: Arc<Object>,
    kv: Arc<MemoryKv>,
    http: Arc<Fixtures>,
    clock: Arc<dyn Clock>,
    seed: Option<u64>,
}

impl Simulation {
    async fn open(args: &SimulateArgs) -> Result<Self> {
        let bundle = bundle::read(&args.service)?;
        let clock = clock(args.now);
        let kv = MemoryKv::new(object_file(args.kv.as_deref())?, clock.clone());
        let http = args
            .http
            .as_deref()
            .map(Fixtures::read)
            .transpose()?
            .unwrap_or_default();
        let sandbox = Sandbox::new(SandboxOptions::default()).context("cannot start the sandbox")?;
        let key = ServiceKey {
            account: "simulate".to_owned(),
            service: "service".to_owned(),
        };
        let loaded = sandbox.load(&key, Arc::new(bundle)).await;
        Ok(Self {
            sandbox,
            key,
            loaded,
            config: Arc::new(object_file(args.config.as_deref())?),
            kv: Arc::new(kv),
            http: Arc::new(http),
            clock,
            // A frozen clock asks for the same output every time: random numbers follow.
            seed: args.now.map(|moment| moment.micros().unsigned_abs()),
        })
    }

    async fn answer_all(&self, input: impl BufRead, mut output: impl Write) -> Result<ExitCode> {
        let mut lines = Lines::new(input, self.clock.clone());
        while let Some(line) = lines.next() {
            let step_input = match line {
                Ok(step_input) => step_input,
                Err(problem) => {
                    eprintln!("ngoma: {problem}");
                    return Ok(ExitCode::from(BAD_INPUT));
                }
            };
            let outcome = self.step(step_input).await;
            self.kv.apply(&outcome);
            let answer = output::line(&outcome, &self.kv);
            writeln!(output, "{answer}")
                .and_then(|()| output.flush())
                .context("standard output was closed")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn step(&self, input: StepInput) -> StepOutcome {
        if let Err(error) = &self.loaded {
            return StepOutcome {
                error: Some(error.clone()),
                ..StepOutcome::default()
            };
        }
        let ports = Ports {
            kv: self.kv.clone(),
            http: self.http.clone(),
            config: self.config.clone(),
            http_allow: None,
            clock: self.clock.clone(),
            seed: self.seed,
        };
        self.sandbox
            .step(
                &self.key,
                Step {
                    input,
                    wall_limit: STEP_LIMIT,
                },
                ports,
            )
            .await
    }
}

fn clock(now: Option<Timestamp>) -> Arc<dyn Clock> {
    match now {
        Some(moment) => Arc::new(FrozenClock::at(moment)),
        None => Arc::new(SystemClock),
    }
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
