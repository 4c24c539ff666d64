//! Programs that run beside the tasks: started in their own process group, with a log, and always stopped.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http::Connection;

const POLL: Duration = Duration::from_millis(20);
/// How long a server may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a log is worth showing when a server fails.
const TAIL_LINES: usize = 40;

/// What a finished command left: how it ended and all it printed.
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output and standard error, as they came.
    pub text: String,
}

/// Runs a command to its end; what it prints goes to `log` and is returned.
pub fn finish(command: &mut Command, log: &Path) -> Result<Finished> {
    let file = create_log(log)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("run {}", command.get_program().to_string_lossy()))?;
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    Ok(Finished { status, text })
}

/// A program that runs until it is stopped or dropped, together with all of its process group.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command` as the head of a new process group. Call it on the main thread: the program gets a
    /// SIGTERM when the thread that started it ends, so that an interrupted task leaves nothing behind.
    pub fn start(command: &mut Command, log: &Path) -> Result<Running> {
        let file = create_log(log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0);
        // SAFETY: prctl is async-signal-safe and touches no memory of ours.
        unsafe {
            command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            });
        }
        let child = command
            .spawn()
            .with_context(|| format!("start {}", command.get_program().to_string_lossy()))?;
        Ok(Running {
            child,
            log: log.to_owned(),
        })
    }

    /// The process id, which is its process group's id too.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the server at `address` answers `/ready` with 200.
    pub fn wait_until_ready(&mut self, address: SocketAddr, patience: Duration) -> Result<()> {
        self.wait_until(patience, || {
            Connection::open(address)
                .and_then(|mut server| server.get("/ready"))
                .is_ok_and(|ready| ready.status == 200)
        })
    }

    /// Waits until the program is `ready`; fails early, with the log's end, when it dies before.
    pub fn wait_until(&mut self, patience: Duration, ready: impl Fn() -> bool) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the program ended with {status} before it was ready\n{}",
                    self.log_tail()
                );
            }
            if ready() {
                return Ok(());
            }
            if started.elapsed() > patience {
                bail!("the program is not ready after {patience:?}\n{}", self.log_tail());
            }
            thread::sleep(POLL);
        }
    }

    /// The last lines the program printed.
    pub fn log_tail(&self) -> String {
        tail(&fs::read_to_string(&self.log).unwrap_or_default(), TAIL_LINES)
    }

    /// Asks the program to end and waits for it; then whatever is left of its group is killed.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.signal_group(libc::SIGTERM);
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if started.elapsed() > PATIENCE {
                self.signal_group(libc::SIGKILL);
                break self.child.wait()?;
            }
            thread::sleep(POLL);
        };
        self.signal_group(libc::SIGKILL);
        Ok(status)
    }

    fn signal_group(&self, signal: i32) {
        // SAFETY: a plain system call. The group is ours: its id cannot be reused while a member lives, and with no
        // member left the call fails harmlessly.
        unsafe { libc::kill(-(self.child.id() as i32), signal) };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing can be done about a failure here: the next run uses other ports and folders.
        let _ = self.stop();
    }
}

/// Whether a program ended well: by itself with 0, or by the SIGTERM it was sent.
pub fn ended_well(status: ExitStatus) -> bool {
    status.success() || status.signal() == Some(libc::SIGTERM)
}

/// An address on which nothing listens at this moment.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr()?)
}

/// The last `lines` lines of `text`.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn create_log(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    File::create(path).with_context(|| format!("create {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_finished_command_leaves_both_its_outputs() {
        let folder = tempfile::tempdir().unwrap();
        let finished = finish(
            &mut shell("echo out; echo err >&2; exit 3"),
            &folder.path().join("a/log"),
        )
        .unwrap();
        assert_eq!(
            (finished.text.as_str(), finished.status.code()),
            ("out\nerr\n", Some(3))
        );
    }

    #[test]
    fn a_program_that_dies_early_is_reported_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = Running::start(&mut shell("echo no such thing; exit 1"), &folder.path().join("log")).unwrap();
        let error = running.wait_until(ENOUGH, || false).unwrap_err().to_string();
        assert!(error.contains("no such thing"), "{error}");
    }

    #[test]
    fn stopping_a_program_ends_its_children_too() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut running = Running::start(&mut shell("sleep 1000 & echo $!; wait"), &log).unwrap();
        let child_in_log = || fs::read_to_string(&log).ok()?.trim().parse::<u32>().ok();
        running.wait_until(ENOUGH, || child_in_log().is_some()).unwrap();
        let child = child_in_log().unwrap();
        running.stop().unwrap();
        // Killed is gone, or a zombie until somebody above us collects it.
        let started = Instant::now();
        while fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(started.elapsed() < ENOUGH, "the child lives on");
            thread::yield_now();
        }
    }

    #[test]
    fn a_tail_is_the_last_lines() {
        let check = |text, lines, expected| assert_eq!(tail(text, lines), expected);
        check("a\nb\nc\n", 2, "b\nc");
        check("a", 5, "a");
        check("", 5, "");
    }
}
