//! The master's only waiting place: signals as a file, the worker's ready pipe beside it.

use anyhow::Result;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

/// Why the master woke.
pub enum Woken {
    /// The worker wrote to its ready pipe, or closed it.
    Ready,
    /// SIGTERM, SIGINT or SIGQUIT.
    Stop,
    /// SIGHUP.
    Reload,
    /// A child ended.
    ChildEnded,
    /// The deadline came.
    TimedOut,
}

/// The signals the master answers, blocked from interrupting it.
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks them for this process; children unblock them again.
    pub fn block() -> Result<Self> {
        let mask = Self::mask();
        mask.thread_block()?;
        Ok(Self(SignalFd::with_flags(
            &mask,
            SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
        )?))
    }

    /// The signals that are blocked in the master.
    pub fn mask() -> SigSet {
        [
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGQUIT,
            Signal::SIGHUP,
            Signal::SIGCHLD,
        ]
        .into_iter()
        .collect()
    }

    /// Waits for a signal, the ready pipe or the deadline.
    pub fn wait(&self, ready: Option<BorrowedFd<'_>>, deadline: Option<Instant>) -> Result<Woken> {
        loop {
            if let Some(info) = self.0.read_signal()? {
                return Ok(woken_by(info.ssi_signo));
            }
            let mut files = vec![PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            files.extend(ready.map(|pipe| PollFd::new(pipe, PollFlags::POLLIN)));
            match poll(&mut files, timeout(deadline)) {
                Ok(0) if deadline.is_some_and(|at| at <= Instant::now()) => return Ok(Woken::TimedOut),
                Ok(_) if files.get(1).is_some_and(|pipe| pipe.any().unwrap_or(false)) => return Ok(Woken::Ready),
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn woken_by(signal: u32) -> Woken {
    match Signal::try_from(signal as i32) {
        Ok(Signal::SIGCHLD) => Woken::ChildEnded,
        Ok(Signal::SIGHUP) => Woken::Reload,
        _ => Woken::Stop,
    }
}

/// Rounded up, so that the deadline has passed when the wait ends.
fn timeout(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else {
        return PollTimeout::NONE;
    };
    let millis = deadline.saturating_duration_since(Instant::now()).as_millis() + 1;
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}
