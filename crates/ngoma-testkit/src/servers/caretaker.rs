//! Outlives the test process by a moment: a shell that ends the server and removes its folder.
//!
//! The shell reads from a pipe whose other end only the test process holds, so it learns of its end even by `kill -9`.
//! A signal at the parent's death would reach the server alone and not those it started, who may be in sessions of their
//! own, and would leave the folder.

use std::fs::File;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The last line read is the process to end, empty when there is none. A stopped process starts no others, so the tree
/// holds still while it is read.
const SCRIPT: &str = r#"
trap "" HUP INT TERM
watched=
while read -r line; do watched=$line; done
tree() {
    echo "$1"
    for status in $(grep -ls "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status); do
        status=${status%/status}
        tree "${status#/proc/}"
    done
}
if [ -n "$watched" ]; then
    kill -STOP "$watched"
    kill -STOP $(tree "$watched")
    kill -KILL $(tree "$watched")
fi
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;

/// A folder for one server, and the shell that cleans up after both.
pub struct Caretaker {
    folder: PathBuf,
    shell: Child,
}

impl Caretaker {
    /// Makes an empty folder whose name begins so, and starts its caretaker.
    pub fn new(prefix: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir();
        let folder = folder.expect("a temporary folder").keep();
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "caretaker"])
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // An interrupt from the terminal is for the test process; what follows from its end is done here.
            .process_group(0)
            .spawn()
            .expect("a shell");
        Self { folder, shell }
    }

    /// The folder; it is gone when this is dropped.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process that this command starts is to be ended; it says so itself before it does anything else. It gets a
    /// session of its own: a stopped process that loses its parent within a session is sent SIGHUP by the kernel, and
    /// would end before its children are known.
    pub fn watch(&self, command: &mut Command) {
        let pipe = self.pipe();
        // SAFETY: between fork and exec only setsid, getpid and write are called and nothing is allocated. The pipe is
        // open as long as this value, and in the new process until its exec.
        unsafe { command.pre_exec(move || announce(pipe)) };
    }

    /// There is nothing to end any more.
    pub fn forget(&self) {
        // SAFETY: the pipe stays open, since the file is not dropped.
        let mut pipe = ManuallyDrop::new(unsafe { File::from_raw_fd(self.pipe()) });
        // One that is gone remembers nothing.
        let _ = pipe.write_all(b"\n");
    }

    fn pipe(&self) -> RawFd {
        self.shell.stdin.as_ref().expect("it is piped").as_raw_fd()
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        // Waiting closes the pipe first; the shell ends when the folder is gone. An error leaves a folder behind.
        let _ = self.shell.wait();
    }
}

/// Runs in the new process.
fn announce(pipe: RawFd) -> io::Result<()> {
    // SAFETY: setsid touches no memory; the pipe stays open, since the file is not dropped.
    let mut pipe = unsafe {
        libc::setsid();
        ManuallyDrop::new(File::from_raw_fd(pipe))
    };
    let mut line = [0; 16];
    let mut rest = &mut line[..];
    writeln!(rest, "{}", std::process::id())?;
    let length = 16 - rest.len();
    pipe.write_all(&line[..length])
}
