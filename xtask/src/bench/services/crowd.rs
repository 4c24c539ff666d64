//! Many services on one machine, each loaded and idle.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Bench, Service};
use crate::bench::memory::{self, Memory};
use crate::process::{self, Running};

/// How long a server with many services may take to start.
const START: Duration = Duration::from_secs(180);
/// How long it is left alone before its memory counts as idle.
const SETTLE: Duration = Duration::from_secs(3);

/// What many services hold.
pub struct Crowd {
    /// Beyond what one service and the server itself hold.
    pub mib_each: f64,
    pub mib_all: f64,
    pub services: f64,
    pub start_seconds: f64,
}

/// Starts a server with one such service, then one with many.
pub fn measure(bench: &Bench, service: &Service) -> Result<Crowd> {
    let (one, _) = start(bench, service, 1)?;
    let count = bench.options.services;
    let (many, start_seconds) = start(bench, service, count)?;
    // A process each, beside the master and its worker.
    ensure!(
        many.processes == one.processes + count as usize - 1,
        "{} processes run where {} services should",
        many.processes,
        count
    );
    Ok(Crowd {
        mib_each: (many.pss_mib - one.pss_mib) / (count - 1) as f64,
        mib_all: many.pss_mib,
        services: count as f64,
        start_seconds,
    })
}

fn start(bench: &Bench, service: &Service, count: u64) -> Result<(Memory, f64)> {
    let folder = bench.folder.join(format!("{}-{count}", service.name));
    fs::create_dir_all(&folder)?;
    let document = folder.join("services.toml");
    let source = service.folder.display();
    let mut text = String::from("[account.bench.channel.ussd]\ntype = \"ussd_http\"\naddress = \"*120*1#\"\n");
    for number in 0..count {
        write!(
            text,
            "[account.bench.service.s{number}]\nkind = \"script\"\nsource = \"{source}\"\n"
        )?;
    }
    fs::write(&document, text)?;
    let data = folder.join("data");
    let mut apply = Command::new(bench.repo.release_binary());
    apply.arg("apply").arg(&document).arg("--data").arg(&data);
    let applied = process::finish(&mut apply, &folder.join("apply.log"))?;
    ensure!(applied.status.success(), "ngoma apply failed\n{}", applied.text);
    let address = process::free_address()?;
    let mut serve = Command::new(bench.repo.release_binary());
    serve
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(&data);
    let begun = Instant::now();
    let mut running = Running::start(&mut serve, &folder.join("serve.log"))?;
    running.wait_until_ready(address, START)?;
    let start_seconds = begun.elapsed().as_secs_f64();
    thread::sleep(SETTLE);
    let memory = memory::of_family(running.pid());
    running.stop()?;
    Ok((memory, start_seconds))
}
