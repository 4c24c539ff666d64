//! The child's end of a step's socket: lines in, lines out, both within limits.
//!
//! Lines wait until [`Wire::flush`], so a burst costs one system call; what a script asks while its service is being loaded
//! waits in the worker and is asked by every step. While it writes it also reads: a host that waits for us to read and a
//! child that waits for the host to read would wait for ever.

use crate::frames::Failure;
use crate::limits::Limits;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv, send};
use serde_json::{Map, Value};
use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

/// A step's socket, or what waits for it.
#[derive(Debug, Default)]
pub struct Wire {
    limits: Limits,
    socket: OnceCell<OwnedFd>,
    inbox: RefCell<Vec<u8>>,
    /// How much of the inbox holds no line end.
    looked_at: Cell<usize>,
    outbox: RefCell<Vec<u8>>,
    bytes: Cell<usize>,
    lines: Cell<usize>,
}

/// A step said too much; the words are for its author.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SaidTooMuch(pub String);

impl Wire {
    /// A wire without a socket.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Gives the wire its socket.
    pub fn connect(&self, socket: OwnedFd) {
        let _ = self.socket.set(socket);
    }

    /// Whether a step runs, rather than a load.
    pub fn is_connected(&self) -> bool {
        self.socket.get().is_some()
    }

    /// Queues a line of the script.
    pub fn say(&self, line: &str) -> Result<(), SaidTooMuch> {
        self.lines.set(self.lines.get() + 1);
        self.bytes.set(self.bytes.get() + line.len() + 1);
        if self.lines.get() > self.limits.requests {
            return Err(SaidTooMuch(self.limits.requests_spent()));
        }
        if self.bytes.get() > self.limits.output_bytes {
            return Err(SaidTooMuch(self.limits.output_spent()));
        }
        self.queue(line.as_bytes());
        Ok(())
    }

    /// Queues the last line, ours.
    pub fn end_with(&self, cmd: &str, failure: &Failure) {
        let mut line = match serde_json::to_value(failure) {
            Ok(Value::Object(line)) => line,
            _ => Map::new(),
        };
        line.insert("cmd".into(), cmd.into());
        self.queue(Value::Object(line).to_string().as_bytes());
    }

    /// Writes what is queued.
    pub fn flush(&self) -> io::Result<()> {
        let waiting = self.outbox.take();
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            let socket = self.socket()?;
            match send(
                socket.as_raw_fd(),
                rest,
                MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT,
            ) {
                Ok(sent) => rest = &rest[sent..],
                Err(nix::Error::EAGAIN) => {
                    let ready = self.poll(PollFlags::POLLIN | PollFlags::POLLOUT, PollTimeout::NONE)?;
                    if ready.contains(PollFlags::POLLIN) {
                        self.receive()?;
                    }
                }
                Err(nix::Error::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for input, at most this long.
    pub fn wait(&self, at_most: Option<Duration>) -> io::Result<()> {
        let timeout = match at_most {
            // Rounded up: a timer must not find that its time has not come.
            Some(at_most) => PollTimeout::try_from(at_most.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX),
            None => PollTimeout::NONE,
        };
        if !self.poll(PollFlags::POLLIN, timeout)?.is_empty() {
            self.receive()?;
        }
        Ok(())
    }

    /// Whether the host has closed its end: nobody waits for this step any more.
    pub fn is_abandoned(&self) -> bool {
        let ended = PollFlags::POLLHUP | PollFlags::POLLERR;
        self.is_connected()
            && self
                .poll(PollFlags::empty(), PollTimeout::ZERO)
                .is_ok_and(|events| events.intersects(ended))
    }

    /// The next whole line, if one has come.
    pub fn take_line(&self) -> Option<String> {
        let mut inbox = self.inbox.borrow_mut();
        let looked_at = self.looked_at.get();
        let Some(end) = inbox[looked_at..].iter().position(|&byte| byte == b'\n') else {
            self.looked_at.set(inbox.len());
            return None;
        };
        let line = String::from_utf8_lossy(&inbox[..looked_at + end]).into_owned();
        inbox.drain(..=looked_at + end);
        self.looked_at.set(0);
        Some(line)
    }

    fn queue(&self, line: &[u8]) {
        let mut outbox = self.outbox.borrow_mut();
        outbox.extend_from_slice(line);
        outbox.push(b'\n');
    }

    fn poll(&self, wanted: PollFlags, timeout: PollTimeout) -> io::Result<PollFlags> {
        let mut events = [PollFd::new(self.socket()?.as_fd(), wanted)];
        match poll(&mut events, timeout) {
            Ok(0) | Err(nix::Error::EINTR) => Ok(PollFlags::empty()),
            Ok(_) => Ok(events[0].revents().unwrap_or(PollFlags::POLLIN)),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&self) -> io::Result<()> {
        let mut chunk = [0; 16 << 10];
        match recv(self.socket()?.as_raw_fd(), &mut chunk, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.inbox.borrow_mut().extend_from_slice(&chunk[..count]);
                Ok(())
            }
            Err(nix::Error::EAGAIN | nix::Error::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn socket(&self) -> io::Result<&OwnedFd> {
        self.socket.get().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}
