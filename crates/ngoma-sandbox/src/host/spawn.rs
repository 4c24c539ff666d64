//! Starts worker processes.
//!
//! All are started by one thread that lives as long as the sandbox: the kernel kills a worker when the thread that started
//! it ends, and the threads of the asynchronous runtime come and go.

use crate::python::confine;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use tokio::sync::oneshot;

/// The hidden command that runs a worker.
const COMMAND: &str = "sandbox-worker";
/// Where a worker finds its control socket.
const CONTROL_FD: libc::c_int = 3;

/// A process that was started, and the host's end of its control socket.
pub struct Spawned {
    pub process: Child,
    pub control: OwnedFd,
}

struct Order {
    /// For a worker in Python, what it starts with.
    launch: Option<String>,
    answer: oneshot::Sender<io::Result<Spawned>>,
}

/// The thread that starts workers.
pub struct Spawner(mpsc::Sender<Order>);

impl Spawner {
    /// Starts the thread.
    pub fn start(program: PathBuf) -> io::Result<Self> {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::Builder::new().name("sandbox-spawner".into()).spawn(move || {
            for order in orders {
                if let Err(Ok(unwanted)) = order.answer.send(spawn(&program, order.launch.as_deref())) {
                    bury(unwanted);
                }
            }
        })?;
        Ok(Self(sender))
    }

    /// Starts a worker; one in Python is told what it starts with.
    pub async fn spawn(&self, launch: Option<String>) -> io::Result<Spawned> {
        let (sender, answer) = oneshot::channel();
        let order = Order { launch, answer: sender };
        let gone = || io::Error::other("the thread that starts workers is gone");
        self.0.send(order).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Ends and collects a worker whose service was given up meanwhile.
fn bury(mut unwanted: Spawned) {
    let _ = unwanted.process.kill();
    let _ = unwanted.process.wait();
}

fn spawn(program: &Path, launch: Option<&str>) -> io::Result<Spawned> {
    let (control, theirs) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?;
    let mut command = Command::new(program);
    command
        .arg0("ngoma")
        .arg(COMMAND)
        .env_clear()
        .env("TZ", "UTC")
        .envs(launch.map(|launch| (confine::VARIABLE, launch)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let theirs_fd = theirs.as_raw_fd();
    // SAFETY: between fork and exec only system calls are made, and no memory is allocated.
    unsafe { command.pre_exec(move || hand_over(theirs_fd)) };
    let process = command.spawn()?;
    Ok(Spawned { process, control })
}

/// Leaves the worker its socket and nothing else of the host's.
///
/// It does not hear signals to the whole process group, nor do the steps it forks: they go on while the host drains, and end
/// with their sockets.
fn hand_over(socket: libc::c_int) -> io::Result<()> {
    // SAFETY: plain system calls on descriptors of this process, which is about to exec. Those above the socket are
    // marked rather than closed: the one that tells of a failed exec is among them.
    unsafe {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::signal(signal, libc::SIG_IGN);
        }
        let moved = if socket == CONTROL_FD {
            libc::fcntl(socket, libc::F_SETFD, 0)
        } else {
            libc::dup2(socket, CONTROL_FD)
        };
        if moved < 0 {
            return Err(io::Error::last_os_error());
        }
        let first = (CONTROL_FD + 1).cast_unsigned();
        let flags = libc::CLOSE_RANGE_CLOEXEC;
        libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flags);
    }
    Ok(())
}
