//! Everything durable: one SQLite file with one writer. Every method is one named operation, so that another database
//! can stand behind the same names.

mod apply;
mod columns;
mod directory;
mod files;
mod inbound;
mod kv;
mod lease;
mod migrations;
mod outcomes;
mod queries;
mod queue;
mod readers;
mod receipts;
mod service_notes;
mod sessions;
mod steps;
mod upkeep;
mod writer;
#[cfg(test)]
mod writer_tests;

pub(crate) use directory::{Loaded, LoadedRoute};
pub(crate) use inbound::{FallbackText, InboundMessage, StoredInbound};
pub(crate) use outcomes::{AttemptResult, OutcomeWrite};
pub(crate) use queue::{PulledInbound, PulledOutbound, QueueKind};
pub(crate) use receipts::{ReceiptResult, ReceiptWrite};
pub(crate) use sessions::SessionRow;
pub(crate) use steps::{NewOutbound, Publish, StepCommit, StepEnd};

use readers::Readers;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use writer::{OpError, Writer};

/// The store's file within the data folder.
const FILE: &str = "ngoma.db";
/// How long a statement waits for a lock; only outside tools that read the file can hold one.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Pages the writer keeps in memory, in KiB.
const WRITER_CACHE_KIB: i64 = 8192;
/// Pages in the write-ahead log before they are moved into the file.
const CHECKPOINT_PAGES: i64 = 2000;

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the writer's lease.
    #[error("another ngoma uses this data folder: {0}; stop it or choose another folder")]
    InUse(PathBuf),
    /// The folder was written by a later version.
    #[error("the data folder is of a newer version: its store has schema {found}, this ngoma knows up to {known}")]
    Newer {
        /// The schema found.
        found: u32,
        /// The latest schema this version knows.
        known: u32,
    },
    /// The folder or its files cannot be read or written.
    #[error("data folder {folder}: {problem}")]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What went wrong.
        problem: String,
    },
}

impl OpenError {
    fn folder(folder: &Path, problem: impl std::fmt::Display) -> Self {
        Self::Folder {
            folder: folder.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// Why the store did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It does not take this now (full disk, closing down): nothing was done, try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The operation itself is at fault; the store is well.
    #[error("the store refused: {0}")]
    Refused(String),
}

/// How a store is opened.
pub(crate) struct StoreOptions {
    /// How long to wait for another process to let go of the folder.
    pub(crate) lease_wait: Duration,
    /// How many operations one transaction takes.
    pub(crate) group_commit: usize,
    /// How many operations wait for the writer.
    pub(crate) backlog: usize,
    /// The most pages of the file.
    pub(crate) max_pages: Option<u64>,
    /// How many log lines are kept per service.
    pub(crate) log_lines: usize,
}

/// The store; cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Writer,
    readers: Readers,
    folder: PathBuf,
    /// Names this process in leases; higher than that of every process before.
    epoch: i64,
    log_lines: i64,
}

impl Store {
    /// Opens the store of a data folder, making both when they are missing.
    pub(crate) async fn open(folder: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        files::make_folder(folder).map_err(|error| OpenError::folder(folder, error))?;
        let lease = lease::take(folder, options.lease_wait).await?;
        let file = folder.join(FILE);
        close_to_others(&file).map_err(|error| OpenError::folder(folder, error))?;
        let mut db = open_for_writing(&file, options.max_pages).map_err(|error| OpenError::folder(folder, error))?;
        migrations::migrate(&mut db).map_err(|error| error.for_folder(folder))?;
        let epoch = begin_epoch(&db).map_err(|error| OpenError::folder(folder, error))?;
        let readers = Readers::open(&file).map_err(|error| OpenError::folder(folder, error))?;
        let writer = Writer::start(db, lease, options.group_commit, options.backlog, || {
            std::process::abort()
        });
        Ok(Self {
            shared: Arc::new(Shared {
                writer,
                readers,
                folder: folder.to_owned(),
                epoch,
                log_lines: i64::try_from(options.log_lines).unwrap_or(i64::MAX),
            }),
        })
    }

    /// Writes what was handed over before, closes the file and gives the lease back.
    pub(crate) fn close(&self) {
        self.shared.writer.close();
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Writes something small, to see that writing works.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.write(|db| {
            db.prepare_cached("UPDATE meta SET value = value + 1 WHERE name = 'ping'")?
                .execute([])?;
            Ok(())
        })
        .await
    }

    async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, OpError> + Send + 'static,
    {
        self.shared.writer.run(operation).await
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        self.shared.readers.read(query)
    }

    /// A query that may touch many pages: off the tasks' threads.
    async fn read_aside<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    {
        let store = self.clone();
        let reading = tokio::task::spawn_blocking(move || store.shared.readers.read_slow(query));
        reading
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the query was given up".into())))
    }
}

/// SQLite makes the files beside the store with the store's permissions; those of an earlier process may be open.
fn close_to_others(file: &Path) -> std::io::Result<()> {
    files::make_private(file)?;
    for beside in ["-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(beside);
        files::close_to_others(Path::new(&name))?;
    }
    Ok(())
}

fn open_for_writing(file: &Path, max_pages: Option<u64>) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(file)?;
    db.busy_timeout(BUSY_WAIT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    if let Some(pages) = max_pages {
        db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    db.set_prepared_statement_cache_capacity(readers::PREPARED_STATEMENTS);
    Ok(db)
}

/// Counts the processes that opened this store, and frees what the ones before had leased: they are gone, since this
/// process holds the writer's lease.
fn begin_epoch(db: &Connection) -> Result<i64, rusqlite::Error> {
    let sql = "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value";
    let epoch = db.query_row(sql, [], |row| row.get(0))?;
    db.execute("UPDATE queue SET lease = 0 WHERE lease <> 0", [])?;
    Ok(epoch)
}
