//! A gateway under load, whichever it is: its programs, what they use, and how messages are handed to it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::stub::Stub;
use super::{Bench, kannel, ngoma};
use crate::bench::memory::{self, Memory};
use crate::bench::{cpu, quiet};
use crate::load::smsc::orders::Told;
use crate::load::submit::Submitted;
use crate::process::Running;

/// A gateway that can be measured.
pub struct Kind {
    /// How the names of its figures begin.
    pub name: &'static str,
    /// Whether it is ours: then it has to lose nothing, and takes lists too.
    pub is_ours: bool,
    start: fn(&Bench, &Stub, TempDir) -> Result<Gateway>,
}

/// Both; they take turns.
pub const KINDS: [Kind; 2] = [
    Kind {
        name: "ngoma",
        is_ours: true,
        start: ngoma::start,
    },
    Kind {
        name: "kannel",
        is_ours: false,
        start: kannel::start,
    },
];

/// A gateway that runs, until it is dropped.
pub struct Gateway {
    /// Before the folder, so that they are gone when it goes.
    pub programs: Vec<Running>,
    /// All it keeps; nobody looks at it, and it goes when the gateway goes.
    pub _folder: TempDir,
    /// Where messages are handed over.
    pub address: SocketAddr,
    /// What the load program needs to know beside that.
    pub flags: Vec<String>,
    /// What lets programs in, where something does.
    pub token: String,
}

impl Kind {
    /// Starts it with nothing stored, once the machine is quiet and the one before is gone; bound when this returns.
    pub fn start(&self, bench: &Bench, stub: &mut Stub) -> Result<Gateway> {
        quiet::wait()?;
        stub.wait_until_free()?;
        let folder = tempfile::Builder::new()
            .prefix("bench-smpp-")
            .tempdir_in(&bench.repo.target)?;
        let gateway = (self.start)(bench, stub, folder)?;
        stub.wait_until_bound()?;
        Ok(gateway)
    }
}

impl Gateway {
    /// Processor time of all its processes so far.
    pub fn cpu(&self) -> Duration {
        self.programs.iter().map(|program| cpu::of_family(program.pid())).sum()
    }

    /// What all its processes hold.
    pub fn memory(&self) -> Memory {
        let each = self.programs.iter().map(|program| memory::of_family(program.pid()));
        each.fold(Memory::default(), |sum, one| Memory {
            rss_mib: sum.rss_mib + one.rss_mib,
            pss_mib: sum.pss_mib + one.pss_mib,
            processes: sum.processes + one.processes,
        })
    }

    /// Runs the load program and waits for its outcome; any error in it is the bench's.
    pub fn submit(&self, bench: &Bench, load: Load) -> Result<Submitted> {
        let mut command = bench.task("submit");
        command.args(&self.flags);
        for (name, value) in [
            ("--connections", load.connections),
            ("--batch", load.batch),
            ("--secs", load.secs),
            ("--first", load.first),
        ] {
            command.args([name, &value.to_string()]);
        }
        command.args(["--address", &self.address.to_string()]);
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .context("run the load program")?;
        ensure!(output.status.success(), "the load program failed");
        let submitted: Submitted = serde_json::from_slice(&output.stdout).context("read the load program's outcome")?;
        let first_error = submitted.first_error.clone().unwrap_or_default();
        ensure!(
            submitted.errors == 0,
            "{} requests went wrong; the first: {first_error}",
            submitted.errors
        );
        Ok(submitted)
    }
}

/// How messages are handed over.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many connections there are.
    pub connections: u64,
    /// How many messages one request has.
    pub batch: u64,
    /// How long.
    pub secs: u64,
    /// The serial number of the first message.
    pub first: u64,
}

/// Processor time used so far, and when that was.
pub struct Spent {
    at: Instant,
    gateway: Duration,
    machine: Duration,
    stub: f64,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Seconds of processor time of the gateway's processes; of children that nobody collects, nothing.
    pub gateway: f64,
    /// Seconds of everything on the machine but the load.
    pub machine: f64,
    /// How many processors were busy with what is neither gateway nor load.
    pub foreign_cores: f64,
}

impl Spent {
    /// What was used until now.
    pub fn now(gateway: &Gateway, told: &Told) -> Result<Spent> {
        Ok(Spent {
            at: Instant::now(),
            gateway: gateway.cpu(),
            machine: cpu::of_machine()?,
            stub: told.cpu_seconds,
        })
    }

    /// What was used since an earlier moment; the load program's own share is no cost.
    pub fn since(&self, before: &Spent, load_seconds: f64) -> Cost {
        let gateway = self.gateway.saturating_sub(before.gateway).as_secs_f64();
        let machine = self.machine.saturating_sub(before.machine).as_secs_f64();
        let machine = (machine - (self.stub - before.stub) - load_seconds).max(0.0);
        let seconds = (self.at - before.at).as_secs_f64();
        Cost {
            gateway,
            machine,
            foreign_cores: ((machine - gateway) / seconds).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neither_gateway_nor_load_used_is_foreign() {
        let at = Instant::now();
        let spent = |after, gateway, machine, stub| Spent {
            at: at + Duration::from_secs(after),
            gateway: Duration::from_secs(gateway),
            machine: Duration::from_secs(machine),
            stub,
        };
        let cost = spent(2, 12, 107, 5.0).since(&spent(0, 10, 100, 4.0), 2.0);
        assert_eq!((cost.gateway, cost.machine, cost.foreign_cores), (2.0, 4.0, 1.0));
    }
}
