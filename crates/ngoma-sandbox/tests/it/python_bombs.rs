//! Services in Python that try to take the machine while they are loaded.

use crate::harness::{key, sandbox_with, shown};
use ngoma_engine::service::ServiceRunner;
use ngoma_sandbox::bundle;
use std::sync::Arc;
use std::time::Duration;

/// How long a load may take here: a busy machine starts Python slowly.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whether a process runs this file.
fn runs(file: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| line.ends_with(format!("{file}\0").as_bytes()))
}

/// A file of this name that does harm as it is loaded: the load fails with one of these words, and nothing is left.
async fn check(file: &str, source: &str, expected: &[&str]) {
    let bundle = bundle::bundle(file.into(), [(file.to_owned(), source.as_bytes().to_vec())].into());
    let error = sandbox_with(PATIENCE).load(&key(), Arc::new(bundle)).await.unwrap_err();
    let found = shown(&error);
    assert!(expected.iter().any(|words| found.contains(words)), "{source}: {found}");
    while runs(file) {
        tokio::task::yield_now().await;
    }
}

const NO_MORE: &str = "Resource temporarily unavailable";
const TOO_LONG: &str = "the service took longer than 4 s to load";

#[tokio::test]
async fn a_fork_bomb_is_ended_whole() {
    check(
        "fork_bomb.py",
        "import os\nwhile True: os.fork()\n",
        &[NO_MORE, TOO_LONG],
    )
    .await;
    let stubborn = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n";
    check("stubborn_bomb.py", stubborn, &[TOO_LONG]).await;
}

#[tokio::test]
async fn code_that_loads_for_ever_is_ended() {
    check("sleeps.py", "import time\ntime.sleep(1e6)\n", &[TOO_LONG]).await;
    check("spins.py", "while True: pass\n", &[TOO_LONG]).await;
}
