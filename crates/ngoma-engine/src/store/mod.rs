//! Everything durable: one SQLite file, or a PostgreSQL database. Every method is one named operation, written once for
//! both.

mod accept;
mod apply;
mod asked;
pub(crate) mod backend;
#[cfg(test)]
mod conformance;
mod contacts;
mod dead_letters;
mod depth;
mod directory;
mod early_receipts;
mod event_steps;
mod events;
pub(crate) mod files;
mod follow_ups;
mod hand_overs;
mod held_texts;
mod inbound;
mod kv;
mod late_answers;
mod leases;
#[cfg(test)]
mod lost_answers;
mod message_counts;
pub(crate) mod migrations;
mod opt_outs;
mod outcomes;
mod partitions;
mod parts;
mod people;
mod pull;
mod queries;
mod receipts;
mod reserve;
mod service_notes;
mod sessions;
mod shelves;
mod spooled;
pub(crate) mod sql;
mod step_records;
mod steps;
mod tokens;
mod upkeep;
mod versions;
mod work;
mod workers;

pub(crate) use accept::{AcceptResult, Acceptance, Submitted};
pub(crate) use asked::Asked;
#[cfg(test)]
pub(crate) use backend::model;
pub(crate) use depth::Depth;
pub(crate) use directory::{Loaded, LoadedAccount, LoadedRoute, LoadedService};
pub(crate) use event_steps::{Effects, FollowUpCommit, FollowUpEnd};
pub(crate) use events::StoredEvent;
pub(crate) use follow_ups::{FollowUpLine, Subject, TakenFollowUp};
pub(crate) use hand_overs::{HandOver, HandOverChange};
pub(crate) use inbound::{FallbackText, InboundMessage, PulledInbound, StoredInbound};
pub(crate) use late_answers::LateAnswerWrite;
pub(crate) use opt_outs::{Wish, Wished};
pub(crate) use outcomes::{AttemptResult, OutcomeEffects, OutcomeWrite};
pub(crate) use parts::PartOutcome;
pub(crate) use people::PeopleWrites;
pub(crate) use receipts::{ReceiptResult, ReceiptWrite};
pub(crate) use sessions::SessionRow;
pub(crate) use spooled::{Arrival, Landed, SpooledInbound};
pub(crate) use step_records::NewStepRecord;
pub(crate) use steps::{NewOutbound, Publish, StepCommit, StepEnd};
pub(crate) use versions::ServiceVersion;
pub(crate) use work::{PulledOutbound, QueueKind};

use crate::inbound::PartLimits;
use crate::metrics::Metrics;
use backend::{Backend, OpError, PostgresBackend, SqliteBackend, folder_lock, pending, question};
use migrations::MigrateError;
use ngoma_message::Timestamp;
use reserve::Reserve;
use sql::{Db, PostgresDb, SqlError, SqliteDb};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use workers::Others;

/// The store's file within the data folder.
const FILE: &str = "ngoma.db";
/// What belongs to no account.
const NO_ACCOUNT: i64 = 0;

/// Which database holds the messages.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum StoreChoice {
    /// One SQLite file in the data folder.
    #[default]
    Sqlite,
    /// A PostgreSQL database, by its address: `postgres://user:password@host/database`.
    Postgres(String),
}

/// The address holds a password: it is never shown.
impl std::fmt::Debug for StoreChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "Sqlite",
            Self::Postgres(_) => "Postgres(…)",
        })
    }
}

/// Why a data folder or its database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the writer's lease.
    #[error("another ngoma uses this data folder: {0}; stop it or choose another folder")]
    InUse(PathBuf),
    /// The store was written by a later version.
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
    /// The database cannot be reached or used.
    #[error("the store's database cannot be used: {0}")]
    Database(String),
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
    /// It does not take this now (full disk, closing down): try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The operation itself is at fault; the store is well.
    #[error("the store refused: {0}")]
    Refused(String),
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub(crate) struct StoreOptions {
    /// Which database.
    pub(crate) choice: StoreChoice,
    /// How long to wait for another process to let go of the folder.
    pub(crate) lease_wait: Duration,
    /// How many rows the operations of one transaction write, about.
    pub(crate) group_commit: usize,
    /// How many operations wait for the writer.
    pub(crate) backlog: usize,
    /// The most pages of a SQLite file.
    pub(crate) max_pages: Option<u64>,
    /// How many log lines are kept per service.
    pub(crate) log_lines: usize,
    /// For how many days steps are kept as they were recorded.
    pub(crate) step_record_days: u32,
    /// What bounds the parts of long texts that wait for others.
    pub(crate) part_limits: PartLimits,
    /// How long this process's leases hold without a beat.
    pub(crate) worker_lease: Duration,
    /// Where what it takes is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// How many bytes of the disk are kept in reserve for a SQLite file.
    pub(crate) reserve_bytes: u64,
    /// The least room left on the disk of a SQLite file with which new messages are taken, in bytes.
    pub(crate) least_free: u64,
}

/// The store; cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Box<dyn Backend>,
    backlog: Arc<Semaphore>,
    folder: PathBuf,
    /// Names the folder among those whose processes share the database.
    folder_name: String,
    database: &'static str,
    /// Names this process in leases; higher than that of every process before.
    epoch: AtomicI64,
    is_shared: bool,
    worker_lease: Duration,
    log_lines: i64,
    step_record_days: i64,
    part_limits: PartLimits,
    metrics: Arc<Metrics>,
    /// Where the store is on the disk of this machine.
    reserve: Option<Arc<Reserve>>,
    unsure: pull::UnsurePulls,
    shelves: shelves::Shelves,
}

impl Store {
    /// Opens the store of a data folder, making both when they are missing.
    pub(crate) async fn open(folder: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        files::make_folder(folder).map_err(|error| OpenError::folder(folder, error))?;
        let lock = folder_lock::take(folder, options.lease_wait).await?;
        let owned = folder.to_owned();
        // Opening connects, migrates and reads: nothing for a task's thread.
        let opening = tokio::task::spawn_blocking(move || open_backend(&owned, lock, &options));
        let inner = opening
            .await
            .unwrap_or_else(|broken| Err(OpenError::Database(broken.to_string())))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Writes what was handed over before, closes the database and gives the lease back.
    pub(crate) fn close(&self) {
        self.inner.backlog.close();
        self.inner.backend.close();
    }

    /// The same for a task, whose thread has others to serve meanwhile.
    pub(crate) async fn close_aside(&self) {
        if !self.inner.backend.has_threads() {
            return self.close();
        }
        let store = self.clone();
        // It waits for the writer's last transaction.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }

    /// How much room the data folder's disk has, in bytes.
    pub(crate) fn free_disk(&self) -> std::io::Result<u64> {
        reserve::free_bytes(&self.inner.folder)
    }

    /// The name of the database in configuration.
    pub(crate) fn database(&self) -> &'static str {
        self.inner.database
    }

    /// Names this process in leases.
    pub(crate) fn epoch(&self) -> i64 {
        self.inner.epoch.load(Ordering::SeqCst)
    }

    /// Whether the disk has room for new messages; tells why not. A database server looks after its own.
    pub(crate) async fn check_room(&self) -> Result<(), StoreError> {
        let Some(reserve) = &self.inner.reserve else {
            return Ok(());
        };
        let checked = match reserve.is_held() {
            true => reserve.check_room(),
            false => {
                let reserve = Arc::clone(reserve);
                // It may be taken again, which may write a large file.
                let checking = tokio::task::spawn_blocking(move || reserve.check_room());
                checking.await.unwrap_or_else(|broken| Err(broken.to_string()))
            }
        };
        checked.map_err(StoreError::Unavailable)
    }

    /// Writes something small, to see that writing works.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.write(NO_ACCOUNT, |db| {
            db.execute("UPDATE meta SET value = value + 1 WHERE name = 'ping'", &[])?;
            Ok(())
        })
        .await
    }

    /// The shelf for so many messages that are stored together.
    fn shelf(&self, messages: usize, at: Timestamp) -> i64 {
        self.inner.shelves.place(messages, at)
    }

    /// Runs an operation in a transaction of its account's next turn; returns when it is on the disk. It may be run more
    /// than once.
    async fn write<T, F>(&self, account: i64, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Db) -> Result<T, OpError> + Send + 'static,
    {
        self.write_rows(account, 1, operation).await
    }

    /// The same for one of many rows.
    async fn write_rows<T, F>(&self, account: i64, rows: usize, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Db) -> Result<T, OpError> + Send + 'static,
    {
        let closed = || StoreError::Unavailable("it is closed".into());
        let place = Arc::clone(&self.inner.backlog).acquire_owned().await;
        let (operation, answer) = pending(operation, place.map_err(|_| closed())?, rows);
        self.inner.backend.write(account, operation)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// A query of a few rows, on the path of messages.
    async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Db) -> Result<T, SqlError> + Send + 'static,
    {
        let (query, answer) = question(query);
        self.inner.backend.read(query);
        answer.await.unwrap_or_else(|_| Err(given_up()))
    }

    /// A query that may touch many pages: messages never wait for it.
    async fn read_slow<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Db) -> Result<T, SqlError> + Send + 'static,
    {
        let (query, answer) = question(query);
        self.inner.backend.read_slow(query);
        answer.await.unwrap_or_else(|_| Err(given_up()))
    }
}

/// How long a process's leases hold in tests.
#[cfg(test)]
const TEST_LEASE: Duration = Duration::from_secs(60);

#[cfg(test)]
impl StoreOptions {
    /// A small store in a folder that nobody else uses.
    pub(crate) fn of_a_test(choice: StoreChoice) -> Self {
        Self {
            choice,
            lease_wait: Duration::ZERO,
            group_commit: 16,
            backlog: 64,
            max_pages: None,
            log_lines: 10,
            step_record_days: 7,
            part_limits: PartLimits::default(),
            worker_lease: TEST_LEASE,
            metrics: Arc::default(),
            reserve_bytes: 1 << 16,
            least_free: 0,
        }
    }
}

#[cfg(test)]
impl Store {
    /// A store on the model of a disk, as the process of that data folder opens it.
    pub(crate) fn on_model(disk: &Arc<model::Disk>, surroundings: Arc<dyn model::Surroundings>, folder: &str) -> Self {
        let epoch = disk.with(|db| workers::begin(db, folder, Others::OfOtherFolders, TEST_LEASE));
        let epoch = epoch.expect("the model's disk always opens");
        let inner = Inner {
            backend: Box::new(model::ModelBackend::start(disk, surroundings)),
            backlog: Arc::new(Semaphore::new(64)),
            folder: folder.into(),
            folder_name: folder.to_owned(),
            database: "model",
            epoch: AtomicI64::new(epoch),
            is_shared: true,
            worker_lease: TEST_LEASE,
            log_lines: 10,
            step_record_days: 7,
            part_limits: PartLimits::default(),
            metrics: Arc::default(),
            reserve: None,
            unsure: pull::UnsurePulls::default(),
            shelves: shelves::Shelves::default(),
        };
        Self { inner: Arc::new(inner) }
    }
}

fn given_up() -> StoreError {
    StoreError::Unavailable("the query was given up".into())
}

fn open_backend(folder: &Path, lock: folder_lock::FolderLock, options: &StoreOptions) -> Result<Inner, OpenError> {
    let mut reserve = None;
    let name = files::folder_name(folder).map_err(|error| OpenError::folder(folder, error))?;
    let (backend, epoch): (Box<dyn Backend>, i64) = match &options.choice {
        StoreChoice::Sqlite => {
            let in_folder = |error: SqlError| OpenError::folder(folder, error);
            let file = folder.join(FILE);
            let held = Arc::new(Reserve::take(folder, options.reserve_bytes, options.least_free));
            let mut db = open_checked(&file, options.max_pages).map_err(|error| OpenError::folder(folder, error))?;
            migrations::migrate(&mut db).map_err(|error| as_open_error(error, in_folder))?;
            let epoch = workers::begin(&mut db, &name, Others::Nobody, options.worker_lease).map_err(in_folder)?;
            reserve = Some(Arc::clone(&held));
            let backend = SqliteBackend::start(&file, db, lock, options, held).map_err(in_folder)?;
            (Box::new(backend), epoch)
        }
        StoreChoice::Postgres(url) => {
            let in_database = |error: SqlError| OpenError::Database(error.to_string());
            let mut db = PostgresDb::connect(url).map_err(in_database)?;
            migrations::migrate(&mut db).map_err(|error| as_open_error(error, in_database))?;
            partitions::create_ahead(&mut db).map_err(in_database)?;
            let epoch =
                workers::begin(&mut db, &name, Others::OfOtherFolders, options.worker_lease).map_err(in_database)?;
            (Box::new(PostgresBackend::start(url, lock, options)), epoch)
        }
    };
    Ok(Inner {
        backend,
        backlog: Arc::new(Semaphore::new(options.backlog)),
        folder: folder.to_owned(),
        folder_name: name,
        database: match options.choice {
            StoreChoice::Sqlite => "sqlite",
            StoreChoice::Postgres(_) => "postgres",
        },
        epoch: AtomicI64::new(epoch),
        is_shared: options.choice != StoreChoice::Sqlite,
        worker_lease: options.worker_lease,
        log_lines: i64::try_from(options.log_lines).unwrap_or(i64::MAX),
        step_record_days: i64::from(options.step_record_days),
        part_limits: options.part_limits,
        metrics: Arc::clone(&options.metrics),
        reserve,
        unsure: pull::UnsurePulls::default(),
        shelves: shelves::Shelves::default(),
    })
}

/// Opens a SQLite file for writing. One whose process ended without closing it is looked through for damage first.
fn open_checked(file: &Path, max_pages: Option<u64>) -> Result<SqliteDb, String> {
    let damaged = |damage: &str| format!("the store is damaged: {damage}; put a copy in its place");
    let is_unclean = files::has_log(file);
    files::make_database_private(file).map_err(|error| error.to_string())?;
    let mut db = SqliteBackend::open_for_writing(file, max_pages).map_err(|error| match error {
        SqlError::Refused(damage) => damaged(&damage),
        error => error.to_string(),
    })?;
    if is_unclean && let Some(damage) = backend::find_damage(&mut db).map_err(|error| error.to_string())? {
        return Err(damaged(&damage));
    }
    Ok(db)
}

fn as_open_error(error: MigrateError, otherwise: impl Fn(SqlError) -> OpenError) -> OpenError {
    match error {
        MigrateError::Newer { found, known } => OpenError::Newer { found, known },
        MigrateError::Sql(error) => otherwise(error),
    }
}
