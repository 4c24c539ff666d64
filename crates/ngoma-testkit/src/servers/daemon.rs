//! A server process in a folder of its own: started, stopped, paused and killed with all that it started.

use super::caretaker::Caretaker;
use crate::process::{send_signal, wait_for, wait_until_at_rest};
use crate::process_tree::{Process, tree};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a server may take until it is ready, on a machine that builds meanwhile.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// How long it may take to end by itself.
const END_WITHIN: Duration = Duration::from_secs(60);

/// How many lines of its log are shown when it fails.
const TAIL_LINES: usize = 40;

/// A server that may be running or not. When this is dropped it is killed and its folder goes.
pub struct Daemon {
    name: &'static str,
    running: Mutex<Option<Child>>,
    caretaker: Caretaker,
}

impl Daemon {
    /// Makes the folder; nothing runs yet. The prefix is short: the folder may hold a socket.
    pub fn new(name: &'static str, prefix: &str) -> Self {
        Self {
            name,
            running: Mutex::default(),
            caretaker: Caretaker::new(prefix),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.caretaker.folder()
    }

    /// Starts it with this command and waits until it is ready; `is_ready` gets the id of its process.
    pub fn start(&self, command: &mut Command, is_ready: impl Fn(u32) -> bool) {
        let mut running = self.running();
        assert!(running.is_none(), "{} runs already", self.name);
        self.caretaker.watch(command);
        let child = self
            .spawn(command)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let child = running.insert(child);
        let ready = wait_for(READY_WITHIN, || match child.try_wait()? {
            Some(status) => Err(io::Error::other(format!("it ended with {status}"))),
            None => Ok(is_ready(child.id()).then_some(())),
        });
        ready.unwrap_or_else(|error| panic!("{} is not ready: {error}\n{}", self.name, self.log_tail()));
    }

    /// Sends its first process a signal, waits for its end and kills what is left. Nothing happens if it does not run.
    pub fn end(&self, signal: i32) {
        let Some(mut child) = self.running().take() else { return };
        let processes = tree(child.id()).expect("/proc");
        signal_all(&processes, libc::SIGCONT);
        let result = end_first(&mut child, signal);
        kill_all(&processes);
        self.caretaker.forget();
        result.unwrap_or_else(|error| panic!("{} did not end: {error}\n{}", self.name, self.log_tail()));
    }

    /// Kills all its processes at once.
    pub fn kill(&self) {
        if let Some(mut child) = self.running().take() {
            kill_all(&stopped(&child));
            // A process of ours that got SIGKILL ends; there is nothing else to do about an error.
            let _ = child.wait();
            self.caretaker.forget();
        }
    }

    /// Stops all its processes where they are (`SIGSTOP`): its sockets stay open and nobody answers. Returns when
    /// all have stopped.
    pub fn pause(&self) {
        let running = self.running();
        let processes = stopped(running.as_ref().expect("a running server"));
        wait_until_at_rest(&processes).unwrap_or_else(|error| panic!("{} does not stop: {error}", self.name));
    }

    /// Lets them go on.
    pub fn resume(&self) {
        let running = self.running();
        let child = running.as_ref().expect("a running server");
        signal_all(&tree(child.id()).expect("/proc"), libc::SIGCONT);
    }

    fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let output = File::options().create(true).append(true).open(self.log())?;
        command
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
    }

    fn running(&self) -> MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

fn end_first(child: &mut Child, signal: i32) -> io::Result<()> {
    let id = i32::try_from(child.id()).map_err(io::Error::other)?;
    send_signal(id, signal)?;
    let ended = wait_for(END_WITHIN, || child.try_wait());
    if ended.is_err() {
        child.kill()?;
        child.wait()?;
    }
    ended.map(drop)
}

/// Stops all processes, the first one first: then it starts no others.
fn stopped(child: &Child) -> Vec<Process> {
    let first = i32::try_from(child.id()).expect("a process id");
    // One that ended by itself is not reaped yet: the id is still its own, and the signal does nothing.
    let _ = send_signal(first, libc::SIGSTOP);
    let processes = tree(child.id()).expect("/proc");
    signal_all(&processes, libc::SIGSTOP);
    processes
}

fn signal_all(processes: &[Process], signal: i32) {
    for process in processes {
        process.signal(signal);
    }
}

fn kill_all(processes: &[Process]) {
    signal_all(processes, libc::SIGKILL);
    let are_gone = || !processes.iter().any(|process| process.is_running());
    // They got SIGKILL: what still runs then hangs in the kernel, and no test can do anything about it.
    let _ = wait_for(END_WITHIN, || Ok(are_gone().then_some(())));
}
