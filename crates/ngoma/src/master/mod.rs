//! The master of `serve`: it owns the listening sockets, keeps a worker running, and passes signals on.
//!
//! It runs no application code and no second thread. Its worker dies with it, however it dies.

mod backoff;
mod signals;
mod worker_process;

use crate::settings::Settings;
use anyhow::{Context, Result, anyhow, bail};
use backoff::Backoff;
use signals::{Signals, Woken};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use worker_process::{Ended, WorkerProcess};

/// How long a worker may take to finish what it has in hand.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// What the worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The data folder as it is.
    Serve,
    /// With the demo applied and a phone to dial from.
    Demo,
}

/// What the master is about to do.
enum Phase {
    /// The worker runs.
    Running,
    /// The worker was told to finish; a new one follows.
    Replacing(Instant),
    /// The worker was told to finish; then the master ends.
    Stopping(Instant),
    /// The worker died; a new one follows at that moment.
    Restarting(Instant),
}

/// Serves until told to stop by SIGTERM or SIGINT; SIGHUP replaces the worker while new connections wait in the socket.
pub fn run(settings: &Settings, program: Program) -> Result<ExitCode> {
    settings.prepare_data_folder()?;
    let listener = bind(settings.listen, "--listen")?;
    let metrics_address = settings.metrics.address()?;
    let metrics_listener = metrics_address
        .map(|address| bind(address, "--metrics-listen"))
        .transpose()?;
    let systems = &settings.systems;
    // A certificate that cannot be used is told now, before anything runs.
    systems.tls()?;
    let smpp_listener = systems
        .listen
        .map(|address| bind(address, "--smpp-listen"))
        .transpose()?;
    let smpp_tls_listener = systems
        .tls_listen
        .map(|address| bind(address, "--smpp-tls-listen"))
        .transpose()?;
    let signals = Signals::block()?;
    let mut master = Master {
        settings,
        program,
        sockets: Sockets {
            web: listener,
            metrics: metrics_listener,
            smpp: smpp_listener,
            smpp_tls: smpp_tls_listener,
        },
        signals,
        backoff: Backoff::default(),
    };
    master.run()
}

fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is in use by another program; stop it or choose another with {flag} ADDR:PORT"
        ),
        _ => anyhow!(
            "cannot listen on {address}: {error}; choose an address of this machine, and a port above 1023 unless root, \
             with {flag} ADDR:PORT"
        ),
    })
}

struct Master<'a> {
    settings: &'a Settings,
    program: Program,
    sockets: Sockets,
    signals: Signals,
    backoff: Backoff,
}

/// The sockets that every worker is given.
struct Sockets {
    web: TcpListener,
    metrics: Option<TcpListener>,
    smpp: Option<TcpListener>,
    smpp_tls: Option<TcpListener>,
}

impl Master<'_> {
    fn run(&mut self) -> Result<ExitCode> {
        let mut worker = Some(self.spawn()?);
        let mut phase = Phase::Running;
        let mut was_ever_ready = false;
        loop {
            let woken = self
                .signals
                .wait(worker.as_ref().and_then(WorkerProcess::ready_pipe), deadline(&phase))?;
            match woken {
                Woken::Ready => {
                    was_ever_ready |= worker.as_mut().is_some_and(WorkerProcess::read_ready);
                }
                Woken::Stop => match (&mut worker, &phase) {
                    (None, _) => return Ok(ExitCode::SUCCESS),
                    (Some(running), Phase::Stopping(_)) => running.kill(),
                    (Some(running), _) => {
                        running.finish();
                        phase = Phase::Stopping(Instant::now() + DRAIN_LIMIT);
                    }
                },
                Woken::Reload => {
                    if let (Some(running), Phase::Running) = (&worker, &phase) {
                        running.finish();
                        phase = Phase::Replacing(Instant::now() + DRAIN_LIMIT);
                    }
                }
                Woken::TimedOut => match phase {
                    // Its end is answered when it comes.
                    Phase::Stopping(_) => {
                        worker.iter_mut().for_each(WorkerProcess::kill);
                        phase = Phase::Stopping(Instant::now() + DRAIN_LIMIT);
                    }
                    Phase::Replacing(_) => {
                        worker.iter_mut().for_each(WorkerProcess::kill);
                        phase = Phase::Replacing(Instant::now() + DRAIN_LIMIT);
                    }
                    _ => (worker, phase) = (Some(self.spawn()?), Phase::Running),
                },
                Woken::ChildEnded => {
                    let Some(ended) = worker.as_mut().and_then(WorkerProcess::ended) else {
                        continue;
                    };
                    worker = None;
                    match phase {
                        Phase::Stopping(_) => return Ok(ExitCode::SUCCESS),
                        Phase::Replacing(_) => (worker, phase) = (Some(self.spawn()?), Phase::Running),
                        _ if !was_ever_ready => return first_start_failed(&ended),
                        _ => phase = Phase::Restarting(self.restart_at(&ended)),
                    }
                }
            }
        }
    }

    fn spawn(&self) -> Result<WorkerProcess> {
        WorkerProcess::spawn(self.settings, self.program, &self.sockets).context("cannot start the worker")
    }

    fn restart_at(&mut self, ended: &Ended) -> Instant {
        let wait = self.backoff.next(ended.after);
        eprintln!(
            "ngoma: the worker {}; starting another in {} ms",
            ended.how,
            wait.as_millis()
        );
        Instant::now() + wait
    }
}

fn deadline(phase: &Phase) -> Option<Instant> {
    match phase {
        Phase::Stopping(at) | Phase::Replacing(at) | Phase::Restarting(at) => Some(*at),
        Phase::Running => None,
    }
}

/// The worker has said why on standard error, unless a signal ended it.
fn first_start_failed(ended: &Ended) -> Result<ExitCode> {
    match ended.code {
        Some(code) => Ok(ExitCode::from(code)),
        None => bail!("the worker {} before it was ready", ended.how),
    }
}
