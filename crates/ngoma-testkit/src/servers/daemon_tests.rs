//! Server processes of any kind, a shell standing for the server.

use super::daemon::Daemon;
use crate::process::wait_for;
use crate::process_tree::{Process, tree};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const ENOUGH: Duration = Duration::from_secs(30);

/// Set for the process that stands for a test process that is killed.
const VICTIM: &str = "NGOMA_TEST_VICTIM";

/// Starts a shell with two children, one in a session of its own.
fn start(daemon: &Daemon) -> Vec<Process> {
    let script = "setsid sleep 600 & sleep 600 & echo >>starts; trap 'exit 0' TERM; touch ready; wait";
    let ready = daemon.folder().join("ready");
    let _ = fs::remove_file(&ready);
    daemon.start(Command::new("/bin/sh").args(["-c", script]), |id| {
        fs::write(daemon.folder().join("id"), id.to_string()).expect("a file");
        // The first child is there when it has become what it is to be.
        ready.exists() && tree(id).is_ok_and(|tree| tree.len() == 3)
    });
    processes_of(daemon.folder())
}

fn processes_of(folder: &Path) -> Vec<Process> {
    let id = fs::read_to_string(folder.join("id")).expect("its id");
    let processes = tree(id.parse().expect("a number")).expect("/proc");
    assert_eq!(processes.len(), 3);
    processes
}

fn are_gone(processes: &[Process]) -> bool {
    !processes.iter().any(|process| process.is_running())
}

#[test]
fn a_server_ends_with_all_it_started_and_starts_again_in_its_folder() {
    let daemon = Daemon::new("a shell", "ngoma-shell-");
    let first = start(&daemon);
    daemon.end(libc::SIGTERM);
    assert!(are_gone(&first));
    daemon.end(libc::SIGTERM);

    let second = start(&daemon);
    daemon.kill();
    assert!(are_gone(&second));

    let third = start(&daemon);
    let starts = fs::read_to_string(daemon.folder().join("starts")).expect("a file");
    assert_eq!(starts.lines().count(), 3);
    let folder = daemon.folder().to_owned();
    drop(daemon);
    assert!(are_gone(&third) && !folder.exists());
}

#[test]
fn a_paused_server_goes_on_or_ends_when_told() {
    let state = |id: u32| fs::read_to_string(format!("/proc/{id}/status")).expect("/proc");
    let daemon = Daemon::new("a shell", "ngoma-shell-");
    let processes = start(&daemon);
    let id = fs::read_to_string(daemon.folder().join("id")).expect("its id");
    let id = id.parse().expect("a number");
    daemon.pause();
    assert!(processes.iter().all(|process| process.is_at_rest()));
    assert!(state(id).contains("T (stopped)"));
    daemon.resume();
    wait_for(ENOUGH, || Ok((!state(id).contains("T (stopped)")).then_some(()))).expect("it goes on");
    daemon.pause();
    daemon.end(libc::SIGTERM);
    assert!(are_gone(&processes));
}

#[test]
fn a_server_that_ends_early_is_reported_with_its_log() {
    let daemon = Daemon::new("a shell", "ngoma-shell-");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo the port is in use >&2; exit 3"]);
    let start = std::panic::AssertUnwindSafe(|| daemon.start(&mut command, |_| false));
    let panic = std::panic::catch_unwind(start).expect_err("it cannot be ready");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(
        text.contains("a shell is not ready: it ended with exit status: 3"),
        "{text}"
    );
    assert!(text.contains("the port is in use"), "{text}");
}

#[test]
fn a_server_dies_with_the_test_process_and_its_folder_goes() {
    if std::env::var_os(VICTIM).is_some() {
        be_killed();
    }
    let mut victim = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "--nocapture"])
        .arg("servers::daemon_tests::a_server_dies_with_the_test_process_and_its_folder_goes")
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program");
    let output = BufReader::new(victim.stdout.take().expect("it is piped"));
    let folder = output
        .lines()
        .find_map(|line| line.expect("a text").strip_prefix("started in ").map(PathBuf::from))
        .expect("its line");
    let processes = processes_of(&folder);
    victim.kill().expect("it runs");
    victim.wait().expect("it ends");
    wait_for(ENOUGH, || Ok((are_gone(&processes) && !folder.exists()).then_some(()))).expect("they go");
}

/// Starts a server, pauses it (the worst case: it cannot notice anything itself), and waits for the end.
fn be_killed() -> ! {
    let daemon = Daemon::new("a shell", "ngoma-shell-");
    start(&daemon);
    daemon.pause();
    println!("\nstarted in {}", daemon.folder().display());
    loop {
        std::thread::park();
    }
}
