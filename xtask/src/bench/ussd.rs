//! `cargo xtask bench ussd`: USSD turns over HTTP through durable storage and a service with fresh state.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::disk::{Fsync, Samples};
use super::host::Host;
use super::memory::{self, Memory};
use super::report::{Bar, Figure, Report};
use super::{cpu, progress};
use crate::load::{self, Outcome};
use crate::process::{self, Running};
use crate::repo::Repo;

/// The command line of the bench.
#[derive(clap::Args)]
pub struct Options {
    /// How long each of its runs takes
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    secs: u64,
    /// How many connections the gateway holds
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    connections: u64,
    /// How many persons dial
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    persons: u64,
}

const TURNS_A_SECOND: f64 = 800.0;
const P99_MS: f64 = 25.0;
/// How many durable writes a turn may have to wait for, beside its own work.
const FSYNCS: f64 = 3.0;
const IDLE_MIB: f64 = 60.0;

const CODE: &str = "*120*1#";
const START: Duration = Duration::from_secs(30);
const WARM_UP_SECS: u64 = 3;
/// How long a started server is left alone before its memory counts as idle.
const SETTLE: Duration = Duration::from_secs(3);

/// Measures idle memory, then the most turns, then times at half of what is asked and at half of the most.
pub fn run(repo: &Repo, options: &Options) -> Result<Report> {
    let host = Host::look();
    progress("cargo build --release");
    let built = repo
        .cargo(["build", "--release", "--package", "ngoma"])
        .stdout(Stdio::null())
        .status()?;
    ensure!(built.success(), "cargo build --release failed");
    // Under the target folder, which is on a disk: the usual place for temporary files may be memory.
    fs::create_dir_all(&repo.target)?;
    let folder = tempfile::Builder::new()
        .prefix("bench-ussd-")
        .tempdir_in(&repo.target)?;
    let memory = measure_idle(repo, &folder)?;
    let mut disk = Samples::default();
    disk.take(folder.path())?;
    let runs = measure_turns(repo, options, &folder)?;
    disk.take(folder.path())?;
    let fsync = disk.summary();
    Ok(Report {
        bench: "ussd",
        figures: figures(&memory, fsync, &runs),
        host: host.with_disk(fsync),
    })
}

/// What the demo holds with nobody dialling.
fn measure_idle(repo: &Repo, folder: &TempDir) -> Result<Memory> {
    progress("idle memory of the demo");
    let (mut demo, _) = start(repo, folder, "demo")?;
    thread::sleep(SETTLE);
    let memory = memory::of_family(demo.pid());
    demo.stop()?;
    Ok(memory)
}

/// Starts `ngoma serve` or `ngoma demo` on a data folder of its own.
fn start(repo: &Repo, folder: &TempDir, program: &str) -> Result<(Running, SocketAddr)> {
    let address = process::free_address()?;
    let mut command = Command::new(repo.release_binary());
    command
        .args([program, "--listen", &address.to_string(), "--data"])
        .arg(folder.path().join(program));
    let mut running = Running::start(
        command.current_dir(&repo.root),
        &folder.path().join(format!("{program}.log")),
    )?;
    running.wait_until_ready(address, START)?;
    Ok((running, address))
}

/// One run of the load program, and the processor time of everybody else in it.
struct Run {
    /// How the names of its figures begin.
    label: &'static str,
    outcome: Outcome,
    rate: Option<f64>,
    /// As the server's processes account for it.
    family_cpu: Duration,
    /// Of the whole machine without the load program.
    machine_cpu: Duration,
}

/// The run for the most turns first, then those at fixed rates.
fn measure_turns(repo: &Repo, options: &Options, folder: &TempDir) -> Result<Vec<Run>> {
    let (mut serve, address) = start(repo, folder, "serve")?;
    apply_light_service(repo, folder.path())?;
    let loader = Loader {
        options,
        address,
        head: serve.pid(),
    };
    progress("warming up");
    loader.drive("warm_up", WARM_UP_SECS, None, 0)?;
    progress("as many turns as are answered");
    let most = loader.drive("most", options.secs, None, 1)?;
    let half_of_most = most.outcome.rate() / 2.0;
    let mut runs = vec![most];
    for (index, (label, rate)) in rates(half_of_most).into_iter().enumerate() {
        progress(&format!("{rate:.0} turns a second"));
        runs.push(loader.drive(label, options.secs, Some(rate), index as u64 + 2)?);
    }
    serve.stop()?;
    Ok(runs)
}

/// Half of what is asked, and half of what was reached where that is more; each with the name of its figures.
fn rates(half_of_most: f64) -> Vec<(&'static str, f64)> {
    let half_of_bar = TURNS_A_SECOND / 2.0;
    let mut rates = vec![("half_of_bar", half_of_bar)];
    if half_of_most > half_of_bar {
        rates.push(("half_of_most", half_of_most.floor()));
    }
    rates
}

/// Declares the bench's account: one line, and the smallest service that reads, writes and answers.
fn apply_light_service(repo: &Repo, folder: &Path) -> Result<()> {
    repo.copy_files("examples/light", &folder.join("light"))?;
    ensure!(folder.join("light").is_dir(), "examples/light is missing");
    let document = folder.join("bench.toml");
    fs::write(
        &document,
        format!(
            r#"[account.bench.channel.ussd]
type = "ussd_http"
address = "{CODE}"
config = {{ fallback = "{}" }}

[account.bench.service.light]
kind = "script"
source = "light"

[[account.bench.route]]
channel = "ussd"
service = "light"
"#,
            load::FALLBACK
        ),
    )?;
    let mut apply = Command::new(repo.release_binary());
    apply
        .arg("apply")
        .arg(&document)
        .arg("--data")
        .arg(folder.join("serve"));
    let finished = process::finish(&mut apply, &folder.join("apply.log"))?;
    ensure!(finished.status.success(), "ngoma apply failed\n{}", finished.text);
    Ok(())
}

struct Loader<'a> {
    options: &'a Options,
    address: SocketAddr,
    /// The server's first process.
    head: u32,
}

impl Loader<'_> {
    /// Starts the load program and waits for its outcome; any error in it is the bench's.
    fn drive(&self, label: &'static str, secs: u64, rate: Option<f64>, run: u64) -> Result<Run> {
        let (family_before, machine_before) = (cpu::of_family(self.head), cpu::of_machine()?);
        let output = self
            .command(secs, rate, run)?
            .stderr(Stdio::inherit())
            .output()
            .context("run the load program")?;
        ensure!(output.status.success(), "the load program failed");
        let family_cpu = cpu::of_family(self.head).saturating_sub(family_before);
        let machine_cpu = cpu::of_machine()?.saturating_sub(machine_before);
        let outcome: Outcome = serde_json::from_slice(&output.stdout).context("read the load program's outcome")?;
        let first_error = outcome.first_error.clone().unwrap_or_default();
        ensure!(
            outcome.errors == 0,
            "{} turns went wrong; the first: {first_error}",
            outcome.errors
        );
        let machine_cpu = machine_cpu.saturating_sub(Duration::from_secs_f64(outcome.cpu_seconds));
        Ok(Run {
            label,
            outcome,
            rate,
            family_cpu,
            machine_cpu,
        })
    }

    fn command(&self, secs: u64, rate: Option<f64>, run: u64) -> Result<Command> {
        // Far enough apart that no two runs use the same session.
        const SESSIONS_A_RUN: u64 = 1_000_000_000;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["load", "--path", "/c/bench/ussd", "--code", CODE]);
        let mut flag = |name: &str, value: String| {
            command.args([name, &value]);
        };
        flag("--address", self.address.to_string());
        flag("--connections", self.options.connections.to_string());
        flag("--persons", self.options.persons.to_string());
        flag("--secs", secs.to_string());
        flag("--first", (run * SESSIONS_A_RUN).to_string());
        if let Some(rate) = rate {
            flag("--rate", rate.to_string());
        }
        Ok(command)
    }
}

fn figures(memory: &Memory, fsync: Fsync, runs: &[Run]) -> Vec<Figure> {
    let mut figures = vec![
        Figure::new("idle_rss_mib", memory.rss_mib, "MiB").must_be(Bar::AtMost(IDLE_MIB)),
        Figure::new("idle_pss_mib", memory.pss_mib, "MiB"),
        Figure::new("idle_processes", memory.processes as f64, ""),
        Figure::new("fsync_p50_ms", fsync.p50_ms, "ms"),
        Figure::new("fsync_p99_ms", fsync.p99_ms, "ms"),
    ];
    for run in runs {
        figures.extend(figures_of_run(run, P99_MS + FSYNCS * fsync.p99_ms));
    }
    figures
}

/// The most turns are held to a number of turns, those at a rate to their times.
fn figures_of_run(run: &Run, p99_bar: f64) -> Vec<Figure> {
    let Outcome { turns, latencies, .. } = &run.outcome;
    let name = |what: &str| format!("{}_{what}", run.label);
    let milliseconds = |what, value| Figure::new(name(what), value, "ms");
    let a_turn = |cpu: Duration| cpu.as_secs_f64() * 1000.0 / (*turns).max(1) as f64;
    let rate = Figure::new(name("turns_per_second"), run.outcome.rate(), "/s");
    let p99 = milliseconds("p99_ms", latencies.p99_ms);
    let (rate, p99) = match run.rate {
        None => (rate.must_be(Bar::AtLeast(TURNS_A_SECOND)), p99),
        Some(_) => (rate, p99.must_be(Bar::AtMost(p99_bar))),
    };
    vec![
        rate,
        milliseconds("p50_ms", latencies.p50_ms),
        milliseconds("p90_ms", latencies.p90_ms),
        p99,
        milliseconds("max_ms", latencies.max_ms),
        // Forks nobody collects are missing in the first; everything else on the machine is in the second.
        milliseconds("cpu_per_turn_accounted_ms", a_turn(run.family_cpu)),
        milliseconds("cpu_per_turn_machine_ms", a_turn(run.machine_cpu)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::latency::Latencies;

    #[test]
    fn times_are_taken_at_half_of_the_bar_and_of_the_most() {
        assert_eq!(rates(300.0), [("half_of_bar", 400.0)]);
        assert_eq!(rates(1234.5), [("half_of_bar", 400.0), ("half_of_most", 1234.0)]);
    }

    fn report(turns: u64, p99_ms: f64, rss_mib: f64) -> Report {
        let outcome = |turns| Outcome {
            turns,
            errors: 0,
            first_error: None,
            seconds: 1.0,
            latencies: Latencies {
                p99_ms,
                ..Latencies::default()
            },
            cpu_seconds: 0.5,
        };
        let run = |label, turns, rate| Run {
            label,
            outcome: outcome(turns),
            rate,
            family_cpu: Duration::from_secs(1),
            machine_cpu: Duration::from_secs(2),
        };
        let memory = Memory {
            rss_mib,
            ..Memory::default()
        };
        let fsync = Fsync {
            p50_ms: 1.0,
            p99_ms: 2.0,
        };
        let figures = figures(
            &memory,
            fsync,
            &[run("most", turns, None), run("half_of_bar", 400, Some(400.0))],
        );
        Report {
            bench: "ussd",
            figures,
            host: Host::default(),
        }
    }

    #[test]
    fn each_bar_decides() {
        assert!(report(800, 31.0, 60.0).is_met());
        assert!(!report(799, 31.0, 60.0).is_met());
        assert!(
            !report(800, 31.1, 60.0).is_met(),
            "25 ms and three durable writes of 2 ms"
        );
        assert!(!report(800, 31.0, 60.1).is_met());
    }

    #[test]
    fn cost_is_shared_out_over_turns() {
        let json = report(1000, 1.0, 1.0).json();
        assert_eq!(json["results"]["most_cpu_per_turn_accounted_ms"], 1.0);
        assert_eq!(json["results"]["half_of_bar_cpu_per_turn_machine_ms"], 5.0);
    }
}
