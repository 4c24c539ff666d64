//! Our side: the sandbox with nothing around it, measured by a program of its own.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Bench, Service};

/// What messages cost.
#[derive(Deserialize)]
pub struct Cost {
    /// Processor time of host, worker and step.
    pub processor_ms: f64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// What a service's messages cost, so many at once.
pub fn cost(bench: &Bench, service: &Service, at_once: u64) -> Result<Cost> {
    let folder = service.folder.to_str().context("the folder's name is not UTF-8")?;
    let (messages, at_once) = (bench.options.messages.to_string(), at_once.to_string());
    let dialogue = service.dialogue.to_string();
    let told = measure(bench, &["cost", folder, &dialogue, &messages, &at_once])?;
    serde_json::from_value(told).context("read what the measuring program tells")
}

/// Runs the measuring program; the JSON it tells.
pub fn measure(bench: &Bench, arguments: &[&str]) -> Result<Value> {
    let mut command = Command::new(bench.release("examples/measure_steps"));
    let output = command
        .arg(bench.repo.release_binary())
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("run measure_steps")?;
    ensure!(output.status.success(), "measure_steps {} failed", arguments[0]);
    serde_json::from_slice(&output.stdout).context("read what the measuring program tells")
}
