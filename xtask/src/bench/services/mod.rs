//! `cargo xtask bench services`: what a message costs a service, beside a process of node's own for each message; what services
//! hold while nobody uses them; how soon code is stopped, and what that does to others.

mod crowd;
mod node;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::host::Host;
use super::report::{Bar, Figure, Report};
use super::{progress, quiet};
use crate::repo::Repo;
use crate::test::tools::{self, NODE, NPM};

/// The command line of the bench.
#[derive(clap::Args)]
pub struct Options {
    /// How many messages each measurement of ours takes
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,
    /// How many messages node is given
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    node_messages: u64,
    /// How many services one machine runs
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(2..))]
    services: u64,
    /// How often both are measured, in turns; the middle counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// How long the neighbours are watched
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    secs: u64,
}

const LIGHT_RATIO: f64 = 60.0;
const TOOLKIT_RATIO: f64 = 10.0;
const IDLE_MIB: f64 = 8.0;
const KILL_MS: f64 = 1500.0;
/// What a modest service's p99 may become beside one that eats all it may: the same, and once the time of a processor's turn.
const NEIGHBOUR_RATIO: f64 = 3.0;

/// Measures ours and node in turns, then the rest.
pub fn run(repo: &Repo, options: &Options) -> Result<Report> {
    tools::provide(&[NODE, NPM])?;
    fs::create_dir_all(&repo.target)?;
    build(repo)?;
    let host = Host::look().with_peer("node", node::version()?);
    let folder = tempfile::Builder::new()
        .prefix("bench-services-")
        .tempdir_in(&repo.target)?;
    let bench = Bench {
        repo,
        options,
        folder: folder.path(),
    };
    let services = bench.services()?;
    let mut figures = Vec::new();
    for service in &services {
        figures.extend(bench.compare(service)?);
    }
    for service in &services {
        figures.extend(bench.crowd(service)?);
    }
    figures.extend(bench.kill()?);
    figures.extend(bench.neighbours()?);
    Ok(Report {
        bench: "services",
        figures,
        host,
    })
}

fn build(repo: &Repo) -> Result<()> {
    let packages: [&[&str]; 2] = [&["ngoma"], &["ngoma-sandbox", "--example", "measure_steps"]];
    for package in packages {
        progress(&format!("cargo build --release --package {}", package.join(" ")));
        let mut build = repo.cargo(["build", "--release", "--package"]);
        let built = build.args(package).stdout(Stdio::null()).status()?;
        ensure!(built.success(), "cargo build --release failed");
    }
    Ok(())
}

/// What its measurements need to know.
struct Bench<'a> {
    repo: &'a Repo,
    options: &'a Options,
    folder: &'a Path,
}

/// A service that both run.
struct Service {
    name: &'static str,
    folder: PathBuf,
    main: &'static str,
    /// Session events and texts, in turn.
    dialogue: Value,
    /// How many times node's processor time is to be ours.
    ratio: f64,
}

impl Bench<'_> {
    /// The smallest service there is, and one on the toolkit of Vumi's authors.
    fn services(&self) -> Result<[Service; 2]> {
        let light = self.folder.join("light");
        self.repo.copy_files("examples/light", &light)?;
        let toolkit = self.folder.join("toolkit");
        self.repo.copy_files("xtask/src/bench/services/toolkit", &toolkit)?;
        progress("npm ci");
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&toolkit);
        let installed = npm.stdout(Stdio::null()).status().context("run npm")?;
        ensure!(installed.success(), "npm ci failed");
        Ok([
            Service {
                name: "light",
                folder: light,
                main: "main.js",
                dialogue: json!([["resume", "1"]]),
                ratio: LIGHT_RATIO,
            },
            Service {
                name: "toolkit",
                folder: toolkit,
                main: "app.js",
                dialogue: json!([["new", null], ["resume", "2"], ["resume", "Thandi"]]),
                ratio: TOOLKIT_RATIO,
            },
        ])
    }

    /// A message's processor time, ours and node's in turns.
    fn compare(&self, service: &Service) -> Result<Vec<Figure>> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=self.options.rounds {
            quiet::wait()?;
            progress(&format!("{}, round {round}: ours", service.name));
            ours.push(steps::cost(self, service, 1)?);
            quiet::wait()?;
            progress(&format!(
                "{}, round {round}: a node process for each message",
                service.name
            ));
            theirs.push(node::cost(service, self.options.node_messages)?);
        }
        quiet::wait()?;
        let at_once = steps::cost(self, service, 8)?;
        let name = |what: &str| format!("{}_{what}", service.name);
        let cpu = middle(ours.iter().map(|cost| cost.processor_ms));
        let node = middle(theirs.iter().map(|cost| cost.processor_ms));
        Ok(vec![
            Figure::new(name("cpu_ms"), cpu, "ms"),
            Figure::new(name("p50_ms"), middle(ours.iter().map(|cost| cost.p50_ms)), "ms"),
            Figure::new(name("p99_ms"), middle(ours.iter().map(|cost| cost.p99_ms)), "ms"),
            Figure::new(name("at_8_at_once"), at_once.per_second, "/s"),
            Figure::new(name("node_cpu_ms"), node, "ms"),
            Figure::new(
                name("node_wall_ms"),
                middle(theirs.iter().map(|cost| cost.wall_ms)),
                "ms",
            ),
            Figure::new(name("node_to_ours"), node / cpu, "").must_be(Bar::AtLeast(service.ratio)),
        ])
    }

    /// What many services hold while nobody uses them.
    fn crowd(&self, service: &Service) -> Result<Vec<Figure>> {
        progress(&format!("{} services: {}", self.options.services, service.name));
        let crowd = crowd::measure(self, service)?;
        let name = |what: &str| format!("{}_{what}", service.name);
        Ok(vec![
            Figure::new(name("idle_mib_each"), crowd.mib_each, "MiB").must_be(Bar::AtMost(IDLE_MIB)),
            Figure::new(name("idle_mib_all"), crowd.mib_all, "MiB"),
            Figure::new(name("services"), crowd.services, ""),
            Figure::new(name("start_s"), crowd.start_seconds, "s"),
        ])
    }

    fn kill(&self) -> Result<Vec<Figure>> {
        progress("code that has to be stopped");
        quiet::wait()?;
        let times = steps::measure(self, &["kill"])?;
        let times = times.as_object().context("no times of stopped code")?;
        let figure = |(name, time): (&String, &Value)| {
            let figure = Figure::new(format!("stopped_{name}_ms"), time.as_f64().unwrap_or(f64::NAN), "ms");
            figure.must_be(Bar::AtMost(KILL_MS))
        };
        Ok(times.iter().map(figure).collect())
    }

    fn neighbours(&self) -> Result<Vec<Figure>> {
        progress("a modest service beside a greedy one");
        quiet::wait()?;
        let times = steps::measure(self, &["neighbours", &self.options.secs.to_string()])?;
        let time = |name: &str| times[name].as_f64().unwrap_or(f64::NAN);
        let ratio = time("beside_p99_ms") / time("alone_p99_ms");
        let names = ["alone_p50_ms", "alone_p99_ms", "beside_p50_ms", "beside_p99_ms"];
        let mut figures: Vec<Figure> = names
            .iter()
            .map(|name| Figure::new(format!("neighbour_{name}"), time(name), "ms"))
            .collect();
        figures.push(Figure::new("neighbour_p99_ratio", ratio, "").must_be(Bar::AtMost(NEIGHBOUR_RATIO)));
        Ok(figures)
    }

    fn release(&self, program: &str) -> PathBuf {
        self.repo.target.join("release").join(program)
    }
}

/// The middle one of some values.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_counts() {
        assert_eq!(middle([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(middle([5.0].into_iter()), 5.0);
        assert!(middle([].into_iter()).is_nan());
    }
}
