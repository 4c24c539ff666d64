//! What reaches a worker from outside: signals to its whole process group, and the end of the host's interest.

use crate::harness::handler;
use std::path::Path;

/// The numbers in a process's `stat` after its name: its state first, then its parent.
fn stat(process: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(process.join("stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The processes that a worker forked.
fn children_of(worker: u32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let children = processes.filter(|process| stat(&process.path()).is_some_and(|stat| stat[1] == worker.to_string()));
    children
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .collect()
}

/// Hundredths of a second of processor time that the ended children of a process used.
fn processor_time_of_children(worker: u32) -> u64 {
    let stat = stat(Path::new(&format!("/proc/{worker}"))).unwrap();
    stat[13].parse::<u64>().unwrap() + stat[14].parse::<u64>().unwrap()
}

#[tokio::test]
async fn signals_to_the_whole_group_end_neither_worker_nor_step() {
    let loaded = handler("setTimeout(() => reply('drained'), 500)").load().await;
    let worker = loaded.worker_pid().await;
    let interrupt = async {
        let steps = loop {
            match children_of(worker) {
                steps if steps.is_empty() => tokio::task::yield_now().await,
                steps => break steps,
            }
        };
        for process in steps.into_iter().chain([worker.cast_signed()]) {
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                // SAFETY: a signal to a process that this test started.
                unsafe { libc::kill(process, signal) };
            }
        }
    };
    let (answer, ()) = tokio::join!(loaded.answer(), interrupt);
    assert_eq!(answer, "drained");
    assert_eq!(loaded.worker_pid().await, worker);
}

#[tokio::test]
async fn a_step_ends_when_nobody_listens_any_more() {
    let busy = "api.request('shell.run', {}); setImmediate(() => setImmediate(() => { for (;;) {} }));";
    let loaded = handler(busy).load().await;
    let worker = loaded.worker_pid().await;
    let error = loaded.message().await.error.unwrap();
    assert_eq!(error.message, "unknown command: shell.run");
    while !children_of(worker).is_empty() {
        tokio::task::yield_now().await;
    }
    let hundredths = processor_time_of_children(worker);
    assert!(hundredths < 50, "{hundredths}");
}
