//! The ledger: every PDU of every link, one JSON object a line, on disk before the PDU is passed on.
//!
//! One thread writes: of all that wait it makes one write and one `fsync`.

mod entry;
mod file;
mod operation;

pub use entry::{Entry, Way};

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// How many appends wait.
const WAITING: usize = 1_024;
/// How many of them one write takes.
const AT_ONCE: usize = 256;

/// Why there is no ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be opened, read or locked.
    #[error("the ledger {path} cannot be opened: {source}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the ledger {0} is written by another process; stop it or choose another file")]
    InUse(PathBuf),
    /// It holds something else.
    #[error("{0} is no ledger; choose another file")]
    NoLedger(PathBuf),
}

/// A line that is not on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger cannot be written")]
pub struct NotWritten;

/// The ledger of a carrier; it ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
    problem: Arc<Mutex<Option<String>>>,
}

#[derive(Debug)]
struct Job {
    lines: Vec<u8>,
    done: oneshot::Sender<bool>,
}

impl Ledger {
    /// Opens a file, or makes it. What stands after its last whole line was never passed on, and is cut off.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let file = file::open(path)?;
        let (jobs, waiting) = mpsc::channel(WAITING);
        let problem = Arc::new(Mutex::new(None));
        let told = Arc::clone(&problem);
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || write(file, waiting, &told))
            .map_err(|source| LedgerError::Open {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            path: path.to_owned(),
            jobs,
            problem,
        })
    }

    /// Returns when these are on disk.
    pub async fn append(&self, entries: &[Entry<'_>]) -> Result<(), NotWritten> {
        let mut lines = Vec::new();
        for entry in entries {
            entry.write(&mut lines);
        }
        let (done, is_done) = oneshot::channel();
        self.jobs.send(Job { lines, done }).await.map_err(|_| NotWritten)?;
        match is_done.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotWritten),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why nothing is written any more.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Writes until nobody is left who could append. After a failure nothing more is written: what an `fsync` that failed has
/// left on disk nobody knows.
fn write(mut file: std::fs::File, mut waiting: mpsc::Receiver<Job>, problem: &Mutex<Option<String>>) {
    let mut jobs = Vec::with_capacity(AT_ONCE);
    let mut has_failed = false;
    while waiting.blocking_recv_many(&mut jobs, AT_ONCE) > 0 {
        if !has_failed && let Err(error) = write_all(&mut file, &jobs) {
            tracing::error!(%error, "the ledger cannot be written; all links are cut");
            *problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            has_failed = true;
        }
        for job in jobs.drain(..) {
            let _ = job.done.send(!has_failed);
        }
    }
}

fn write_all(file: &mut std::fs::File, jobs: &[Job]) -> io::Result<()> {
    let lines: Vec<&[u8]> = jobs.iter().map(|job| job.lines.as_slice()).collect();
    io::Write::write_all(file, &lines.concat())?;
    file.sync_data()
}

#[cfg(test)]
mod tests;
