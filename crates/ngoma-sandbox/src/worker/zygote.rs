//! The life of a loaded worker: forks for every step, and tells the host of steps that died.

use super::child;
use super::control::{Control, NewStep};
use super::script::Script;
use crate::frames::{Death, FromWorker};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use seccompiler::BpfProgram;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// The processes of running steps, by the step's number.
pub struct Children {
    ended: SignalFd,
    steps: HashMap<Pid, u64>,
}

impl Children {
    /// Begins to watch for children that end. Needs system calls that a confined worker lacks.
    pub fn watched() -> io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        signals.thread_block()?;
        let ended = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let steps = HashMap::new();
        Ok(Self { ended, steps })
    }

    /// Buries who ended and tells the host of those that did not end by themselves.
    fn reap(&mut self, control: &Control) -> io::Result<()> {
        let _ = self.ended.read_signal();
        loop {
            let (pid, death) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, Death::Code(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Death::Signal(signal as i32)),
                _ => return Ok(()),
            };
            let step = self.steps.remove(&pid);
            if let (Some(step), true) = (step, death != Death::Code(0)) {
                control.tell(&FromWorker::Died { step, death })?;
            }
        }
    }
}

/// Runs steps until the host closes the control socket.
pub fn serve(control: &Control, mut children: Children, script: &Script, filter: &BpfProgram) -> io::Result<()> {
    loop {
        let mut events = [
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
            PollFd::new(children.ended.as_fd(), PollFlags::POLLIN),
        ];
        poll(&mut events, PollTimeout::NONE)?;
        let [is_called, has_ended] = events.map(|event| event.any().unwrap_or(false));
        if has_ended {
            children.reap(control)?;
        }
        if is_called {
            let Some(step) = control.next_step()? else {
                return Ok(());
            };
            start(step, control, &mut children, script, filter)?;
        }
    }
}

fn start(
    step: NewStep,
    control: &Control,
    children: &mut Children,
    script: &Script,
    filter: &BpfProgram,
) -> io::Result<()> {
    // SAFETY: this process has one thread, so the child's memory is whole.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            // SAFETY: the child's copies of the worker's descriptors; the child never returns to their owners.
            unsafe {
                libc::close(control.as_fd().as_raw_fd());
                libc::close(children.ended.as_fd().as_raw_fd());
            }
            child::run(step.socket, script, filter)
        }
        Ok(ForkResult::Parent { child }) => {
            children.steps.insert(child, step.number);
            Ok(())
        }
        Err(_) => {
            let death = Death::Signal(libc::SIGKILL);
            control.tell(&FromWorker::Died {
                step: step.number,
                death,
            })
        }
    }
}
