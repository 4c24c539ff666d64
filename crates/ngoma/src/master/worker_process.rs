//! One worker process, as its master sees it.

use super::signals::Signals;
use super::{Program, Sockets};
use crate::settings::{
    QUEUE_PARTITIONS_VARIABLE, QUEUE_VARIABLE, STEP_RECORD_DAYS_VARIABLE, STORE_VARIABLE, Settings,
    WORKER_LEASE_VARIABLE,
};
use crate::systems::{CERTIFICATE_VARIABLE, KEY_VARIABLE};
use anyhow::Result;
use ngoma_engine::QueueChoice;
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use std::io::{PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// A running worker.
pub struct WorkerProcess {
    child: Child,
    started: Instant,
    ready: Option<PipeReader>,
}

/// How a worker ended.
pub struct Ended {
    /// In words.
    pub how: String,
    /// Its exit code, unless a signal ended it.
    pub code: Option<u8>,
    /// How long it lived.
    pub after: Duration,
}

impl WorkerProcess {
    /// Starts a worker in the master's process group, with the listening sockets and a pipe to say "ready" on.
    pub(super) fn spawn(settings: &Settings, program: Program, sockets: &Sockets) -> Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let mut inherited = vec![sockets.web.as_raw_fd(), writer.as_raw_fd()];
        let mut command = Command::new("/proc/self/exe");
        command.arg0("ngoma").arg("worker").arg("--data").arg(&settings.data);
        command.arg("--listen").arg(settings.listen.to_string());
        // Not as an argument, which everybody on the machine may read: it may hold a password.
        command.env(STORE_VARIABLE, settings.store_setting());
        command.env(WORKER_LEASE_VARIABLE, settings.worker_lease.as_secs().to_string());
        command.env(STEP_RECORD_DAYS_VARIABLE, settings.step_record_days.to_string());
        if let QueueChoice::Amqp { url, partitions } = &settings.queue {
            command.env(QUEUE_VARIABLE, url);
            command.env(QUEUE_PARTITIONS_VARIABLE, partitions.to_string());
        }
        command.arg("--listener-fd").arg(inherited[0].to_string());
        command.arg("--ready-fd").arg(inherited[1].to_string());
        if let Some((certificate, key)) = &settings.systems.certificate {
            command.env(CERTIFICATE_VARIABLE, certificate);
            command.env(KEY_VARIABLE, key);
        }
        let more = [
            ("--metrics-fd", &sockets.metrics),
            ("--smpp-fd", &sockets.smpp),
            ("--smpp-tls-fd", &sockets.smpp_tls),
        ];
        for (flag, listener) in more {
            if let Some(listener) = listener {
                command.arg(flag).arg(listener.as_raw_fd().to_string());
                inherited.push(listener.as_raw_fd());
            }
        }
        if program == Program::Demo {
            command.arg("--demo");
        }
        let master = nix::unistd::getpid();
        // SAFETY: the closure runs between fork and exec and only makes system calls that are async-signal-safe.
        unsafe { command.pre_exec(move || prepare_child(master, &inherited)) };
        let child = command.spawn()?;
        Ok(Self {
            child,
            started: Instant::now(),
            ready: Some(reader),
        })
    }

    /// The pipe to watch until the worker has said "ready".
    pub fn ready_pipe(&self) -> Option<BorrowedFd<'_>> {
        self.ready.as_ref().map(AsFd::as_fd)
    }

    /// Whether the worker is ready; its pipe is read once and closed.
    pub fn read_ready(&mut self) -> bool {
        let mut byte = [0];
        self.ready
            .take()
            .is_some_and(|mut pipe| matches!(pipe.read(&mut byte), Ok(1)))
    }

    /// Asks it to finish what it has in hand and end.
    pub fn finish(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<Ended> {
        let status = self.child.try_wait().ok()??;
        Some(Ended {
            how: how(status),
            code: status.code().map(|code| code as u8),
            after: self.started.elapsed(),
        })
    }

    fn signal(&self, signal: Signal) {
        // A worker that has ended already is reaped on the next SIGCHLD.
        let _ = kill(Pid::from_raw(self.child.id() as i32), signal);
    }
}

/// In the child, before exec: it dies with its master, hears signals again but for a hangup, and keeps the files it was
/// given.
fn prepare_child(master: Pid, inherited: &[RawFd]) -> std::io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if nix::unistd::getppid() != master {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    Signals::mask().thread_unblock()?;
    // A terminal that hangs up tells the whole group: that is a reload, and the master's to answer. What the worker
    // starts inherits this.
    // SAFETY: no handler is installed, and this process has one thread.
    unsafe { signal(Signal::SIGHUP, SigHandler::SigIgn) }?;
    for &file in inherited {
        // SAFETY: clears close-on-exec on a file this process holds open.
        if unsafe { libc::fcntl(file, libc::F_SETFD, 0) } == -1 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
