//! One session of ours as a client, with no store behind it; and the plainest client, for what the stub itself can take.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Bench;
use super::spread::Spread;
use super::stub::Stub;
use crate::bench::report::{Bar, Figure};
use crate::bench::{cpu, progress, quiet};
use crate::load::smsc::Expected;

const SUBMITS_A_SECOND: f64 = 20_000.0;

/// What one run found.
struct Run {
    messages: u64,
    rate: f64,
    cpu: Duration,
    stub_cpu: f64,
}

impl Run {
    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
    }

    fn stub_cpu_us(&self) -> f64 {
        self.stub_cpu * 1e6 / self.messages.max(1) as f64
    }
}

/// Measures both clients in turns.
pub fn measure(bench: &Bench, stub: &mut Stub) -> Result<Vec<Figure>> {
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    let (address, secs, window) = (stub.smpp, bench.options.secs, bench.options.window);
    for _ in 0..bench.options.rounds {
        quiet::wait()?;
        progress("the plainest client on the stub");
        let mut client = bench.task("ceiling");
        client.arg(format!("--address={address}"));
        client.args([format!("--secs={secs}"), format!("--window={window}")]);
        plain.push(drive(stub, &mut client)?);
        progress("one session of ngoma-smpp on the stub");
        let mut client = Command::new(bench.release("examples/blast"));
        client.args([address.to_string(), secs.to_string(), window.to_string()]);
        ours.push(drive(stub, &mut client)?);
    }
    let rate = Spread::of("session_per_second", "/s", &ours, |run| run.rate);
    let mut figures = vec![rate.figure().must_be(Bar::AtLeast(SUBMITS_A_SECOND))];
    figures.extend(rate.ends());
    figures.push(Spread::of("session_cpu_us", "µs", &ours, Run::cpu_us).figure());
    let rate = Spread::of("stub_ceiling_per_second", "/s", &plain, |run| run.rate);
    figures.push(rate.figure());
    figures.extend(rate.ends());
    figures.push(Spread::of("stub_cpu_us", "µs", &plain, Run::stub_cpu_us).figure());
    Ok(figures)
}

/// Runs a client to its end; the stub counts, and knows every message.
fn drive(stub: &mut Stub, client: &mut Command) -> Result<Run> {
    let (before, cpu_before) = (stub.begin(Expected::Serials, false)?, cpu::of_children());
    let output = client.stderr(Stdio::inherit()).output().context("run the client")?;
    ensure!(output.status.success(), "the client failed");
    let cpu = cpu::of_children().saturating_sub(cpu_before);
    let told = stub.settle()?;
    ensure!(
        told.duplicates + told.wrong == 0,
        "messages came twice or otherwise than sent"
    );
    let answered: u64 = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .context("read how many messages were answered")?;
    ensure!(
        answered == told.distinct,
        "{} came, {answered} were answered",
        told.distinct
    );
    Ok(Run {
        messages: answered,
        rate: told.rate(),
        cpu,
        stub_cpu: told.cpu_seconds - before.cpu_seconds,
    })
}
