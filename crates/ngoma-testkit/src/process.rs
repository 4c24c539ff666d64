//! The built program as a process: started in a temporary folder, watched, and killed with all that it started.

use crate::http::JsonClient;
use crate::process_tree::{self, Process};
use crate::servers::steady_port;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long the program may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a process may take to end after it was told to.
const EXIT_WITHIN: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A program that serves HTTP, in a process group of its own; the whole group is killed when this is dropped.
pub struct NgomaProcess {
    child: Child,
    port: u16,
    log: PathBuf,
    is_gone: bool,
}

/// What a process group holds in memory, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// How many processes there are.
    pub processes: usize,
    /// Resident pages, those that processes share counted in each.
    pub rss_kib: u64,
    /// Resident pages, shared ones divided among those who share them; zero where the kernel does not tell.
    pub pss_kib: u64,
}

impl NgomaProcess {
    /// Starts `program ARGS… --listen 127.0.0.1:PORT` on a port that nobody takes while it is down, in `folder` and waits
    /// until `/ready` answers 200.
    /// Standard output and error go to `folder/process.log`.
    pub async fn start<S: AsRef<OsStr>>(program: &Path, args: &[S], folder: &Path) -> io::Result<Self> {
        Self::start_on(free_port()?, program, args, folder).await
    }

    /// The same on a given port: to start again where a killed process was.
    pub async fn start_on<S: AsRef<OsStr>>(port: u16, program: &Path, args: &[S], folder: &Path) -> io::Result<Self> {
        let mut process = Self::spawn(port, program, args, folder)?;
        process.wait_until_ready().await?;
        Ok(process)
    }

    /// Starts a command that will listen on this port, whatever it is told so by, and waits as the others do.
    pub async fn start_command(port: u16, command: Command, folder: &Path) -> io::Result<Self> {
        let mut process = Self::spawn_command(port, command, folder)?;
        process.wait_until_ready().await?;
        Ok(process)
    }

    /// Starts the program and does not wait for it.
    pub fn spawn<S: AsRef<OsStr>>(port: u16, program: &Path, args: &[S], folder: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(args).args(["--listen", &format!("127.0.0.1:{port}")]);
        Self::spawn_command(port, command, folder)
    }

    fn spawn_command(port: u16, mut command: Command, folder: &Path) -> io::Result<Self> {
        let log = folder.join("process.log");
        let output = File::options().create(true).append(true).open(&log)?;
        let child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        Ok(Self {
            child,
            port,
            log,
            is_gone: false,
        })
    }

    /// Waits until `/ready` answers 200; an error, with the log, if the program ends or takes too long.
    pub async fn wait_until_ready(&mut self) -> io::Result<()> {
        let client = self.client();
        let until = Instant::now() + READY_WITHIN;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&format!("it ended with {status}")));
            }
            if client.get("/ready").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(self.failure("it did not become ready in time"))
    }

    /// Waits until it wrote this; an error, with the log, if that takes too long.
    pub async fn wait_until_logged(&self, text: &str) -> io::Result<()> {
        let until = Instant::now() + READY_WITHIN;
        while !self.log().contains(text) {
            if Instant::now() > until {
                return Err(self.failure(&format!("it did not write {text:?} in time")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The port it was told to listen on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of its first process, which is the id of the group too.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client of it.
    pub fn client(&self) -> JsonClient {
        JsonClient::new(self.url())
    }

    /// What it wrote to standard output and error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What the whole group holds in memory.
    pub fn memory(&self) -> io::Result<Memory> {
        let mut sum = Memory::default();
        for id in process_tree::group(self.child.id())?.into_iter().map(Process::id) {
            sum.processes += 1;
            sum.rss_kib += field_kib(&format!("/proc/{id}/status"), "VmRSS:").unwrap_or(0);
            sum.pss_kib += field_kib(&format!("/proc/{id}/smaps_rollup"), "Pss:").unwrap_or(0);
        }
        Ok(sum)
    }

    /// Sends a signal, such as `libc::SIGHUP`, to the first process.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        send_signal(self.target()?, signal)
    }

    /// Stops every process of the group where it stands (`SIGSTOP`), until it is resumed; returns when all stand.
    pub fn pause_group(&self) -> io::Result<()> {
        send_signal(-self.target()?, libc::SIGSTOP)?;
        wait_until_at_rest(&process_tree::group(self.id())?)
    }

    /// Lets a paused group go on (`SIGCONT`).
    pub fn resume_group(&self) -> io::Result<()> {
        send_signal(-self.target()?, libc::SIGCONT)
    }

    /// `kill -9` to every process of the group at once; returns when all are gone.
    pub fn kill_group(&mut self) -> io::Result<()> {
        // Afterwards the number may belong to somebody else.
        if self.is_gone {
            return Ok(());
        }
        let group = self.target()?;
        // A group that is gone already is what was wanted.
        let _ = send_signal(-group, libc::SIGKILL);
        self.child.wait()?;
        wait_for(EXIT_WITHIN, || {
            Ok(process_tree::group(group.unsigned_abs())?.is_empty().then_some(()))
        })?;
        self.is_gone = true;
        Ok(())
    }

    /// Asks it to stop (`SIGTERM`) and waits for its end.
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        self.signal(libc::SIGTERM)?;
        self.wait()
    }

    /// Waits, not for ever, until its first process ends.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        wait_for(EXIT_WITHIN, || self.child.try_wait())
    }

    fn target(&self) -> io::Result<i32> {
        i32::try_from(self.child.id()).map_err(io::Error::other)
    }

    fn failure(&self, what: &str) -> io::Error {
        io::Error::other(format!("{what}; its log:\n{}", self.log()))
    }
}

impl Drop for NgomaProcess {
    fn drop(&mut self) {
        // Nothing can be done about an error here, and the processes of a test that went well are gone.
        let _ = self.kill_group();
    }
}

/// A port that nobody listens on, and that nobody is given by chance while who used it is down.
pub fn free_port() -> io::Result<u16> {
    Ok(steady_port())
}

/// Sends a signal to a process, or to the group whose id it is when the number is negative.
pub(crate) fn send_signal(target: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    match unsafe { libc::kill(target, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits until processes that were sent `SIGSTOP` have stopped.
pub(crate) fn wait_until_at_rest(processes: &[Process]) -> io::Result<()> {
    let are_at_rest = || processes.iter().all(|process| process.is_at_rest());
    wait_for(EXIT_WITHIN, || Ok(are_at_rest().then_some(())))
}

/// Looks until something is found, for so long at most.
pub(crate) fn wait_for<T>(within: Duration, mut look: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let until = Instant::now() + within;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > until {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("not within {within:?}"),
            ));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The number of a line such as `VmRSS:     5120 kB`.
fn field_kib(file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell stands for the program; `--listen …` becomes its arguments.
    fn spawn_shell(script: &str, folder: &Path) -> NgomaProcess {
        NgomaProcess::spawn(1, Path::new("/bin/sh"), &["-c", script], folder).expect("a shell")
    }

    #[test]
    fn killing_takes_the_whole_group() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = spawn_shell("sleep 600 & sleep 600 & echo started; wait", folder.path());
        wait_for(EXIT_WITHIN, || Ok(process.log().contains("started").then_some(()))).expect("its line");
        let memory = process.memory().expect("/proc");
        assert_eq!(memory.processes, 3);
        assert!(memory.rss_kib > 0);
        process.kill_group().expect("they are gone");
        assert_eq!(process_tree::group(process.id()).expect("/proc"), []);
        process.kill_group().expect("a second time does no harm");
    }

    #[test]
    fn stopping_returns_how_it_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = spawn_shell(
            "trap 'exit 7' TERM; echo started; while :; do sleep 0.01; done",
            folder.path(),
        );
        wait_for(EXIT_WITHIN, || Ok(process.log().contains("started").then_some(()))).expect("its line");
        assert_eq!(process.stop().expect("it ends").code(), Some(7));
    }

    #[tokio::test]
    async fn a_program_that_ends_early_is_reported_with_its_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let args = ["-c", "echo the port is in use >&2; exit 3"];
        let Err(error) = NgomaProcess::start(Path::new("/bin/sh"), &args, folder.path()).await else {
            panic!("it cannot be ready");
        };
        let text = error.to_string();
        assert!(
            text.contains("exit status: 3") && text.contains("the port is in use"),
            "{text}"
        );
    }
}
