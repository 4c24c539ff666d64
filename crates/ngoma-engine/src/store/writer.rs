//! The one thread that writes: it takes what waits as one transaction, and answers when that is on the disk.

use super::StoreError;
use super::lease::Lease;
use crate::panics::words;
use rusqlite::{Connection, ErrorCode, ffi};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Hands operations to the writing thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    backlog: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why one operation did not happen; the rest of its transaction is not concerned.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpError {
    /// SQLite refused a statement.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// The operation found that it must not be done.
    #[error("{0}")]
    Refused(String),
}

enum Job {
    Run(Box<dyn Operation>),
    Close,
}

impl Writer {
    /// Starts the thread on this connection; it holds the lease until it ends. `when_disk_lost` is called when the disk
    /// did not confirm a write: what it holds is then unknown, and only a new process reading it again can tell.
    pub(super) fn start(
        db: Connection,
        lease: Lease,
        group_commit: usize,
        backlog: usize,
        when_disk_lost: fn(),
    ) -> Self {
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                write_until_closed(&db, &queue, group_commit.max(1), when_disk_lost);
                drop(db);
                drop(lease);
            })
            .expect("a thread can be started while the process starts");
        Self {
            jobs,
            backlog: Arc::new(Semaphore::new(backlog)),
            thread: Mutex::new(Some(thread)),
        }
    }

    /// Runs an operation in the next transaction; returns when it is on the disk.
    pub(super) async fn run<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, OpError> + Send + 'static,
    {
        let closed = || StoreError::Unavailable("it is closed".into());
        let place = Arc::clone(&self.backlog).acquire_owned().await.map_err(|_| closed())?;
        let (answer, answered) = oneshot::channel();
        let job = Pending {
            operation: Some(operation),
            result: None,
            answer,
            _place: place,
        };
        self.jobs.send(Job::Run(Box::new(job))).map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Writes what was handed over before, then ends the thread and closes its connection.
    pub(super) fn close(&self) {
        self.backlog.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.jobs.send(Job::Close);
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// An operation of any type, run once and answered once.
trait Operation: Send {
    fn run(&mut self, db: &Connection) -> Result<(), OpError>;
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Pending<T, F> {
    operation: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    _place: OwnedSemaphorePermit,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, OpError> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), OpError> {
        let Some(operation) = self.operation.take() else {
            return Ok(());
        };
        let broke_off = |panic: Box<dyn Any + Send>| {
            let said = words(panic.as_ref());
            Err(OpError::Refused(format!("the operation broke off: {said}")))
        };
        match catch_unwind(AssertUnwindSafe(|| operation(db))).unwrap_or_else(broke_off) {
            Ok(value) => {
                self.result = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                self.result = Some(Err(match &error {
                    OpError::Sql(error) => as_store_error(error),
                    OpError::Refused(reason) => StoreError::Refused(reason.clone()),
                }));
                Err(error)
            }
        }
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (self.result, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(failure),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(StoreError::Unavailable("its transaction was given up".into())),
        };
        let _ = self.answer.send(result);
    }
}

fn write_until_closed(db: &Connection, queue: &mpsc::Receiver<Job>, group_commit: usize, when_disk_lost: fn()) {
    let mut is_open = true;
    while is_open && let Ok(first) = queue.recv() {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Run(operation) => batch.push(operation),
                Job::Close => is_open = false,
            }
            if is_open && batch.len() < group_commit {
                next = queue.try_recv().ok();
            }
        }
        if let Err(DiskLost(error)) = write_batch(db, batch) {
            tracing::error!(%error, "the disk did not confirm a write; the process must end and read it again");
            when_disk_lost();
            return;
        }
    }
    fold_log(db);
}

/// Moves the write-ahead log into the file, so that a folder at rest is one file that can be copied. Nothing depends on
/// it: where it does not succeed, the next start reads the log.
fn fold_log(db: &Connection) {
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log stays beside the store");
    }
}

/// The disk did not confirm a write.
#[derive(Debug)]
struct DiskLost(rusqlite::Error);

/// One transaction. An operation that fails is undone alone; when the transaction fails, all of it is.
fn write_batch(db: &Connection, mut batch: Vec<Box<dyn Operation>>) -> Result<(), DiskLost> {
    if batch.is_empty() {
        return Ok(());
    }
    let failure = match run_in_transaction(db, &mut batch) {
        Ok(()) => None,
        Err(error) if is_disk_lost(&error) => return Err(DiskLost(error)),
        Err(error) => {
            if !db.is_autocommit() {
                // The transaction is over either way: SQLite rolls back by itself when this fails.
                let _ = db.execute_batch("ROLLBACK");
            }
            tracing::warn!(%error, operations = batch.len(), "a store transaction was given up");
            Some(as_unavailable(&error))
        }
    };
    for operation in batch {
        operation.answer(failure.clone());
    }
    Ok(())
}

fn run_in_transaction(db: &Connection, batch: &mut [Box<dyn Operation>]) -> Result<(), rusqlite::Error> {
    execute(db, "BEGIN IMMEDIATE")?;
    for operation in batch {
        execute(db, "SAVEPOINT operation")?;
        if let Err(error) = operation.run(db) {
            if let OpError::Sql(error) = error
                && (db.is_autocommit() || is_disk_lost(&error))
            {
                // SQLite gave the whole transaction up, with what was done before in it.
                return Err(error);
            }
            execute(db, "ROLLBACK TO operation")?;
        }
        execute(db, "RELEASE operation")?;
    }
    execute(db, "COMMIT")
}

fn execute(db: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

/// After a failed fsync the kernel may have dropped the pages: trying again would report success for lost data.
fn is_disk_lost(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

/// What a failed statement means for its caller.
pub(super) fn as_store_error(error: &rusqlite::Error) -> StoreError {
    let passes = [
        ErrorCode::DiskFull,
        ErrorCode::SystemIoFailure,
        ErrorCode::OutOfMemory,
        ErrorCode::DatabaseBusy,
        ErrorCode::DatabaseLocked,
    ];
    match error.sqlite_error_code() {
        Some(code) if passes.contains(&code) => as_unavailable(error),
        _ => StoreError::Refused(error.to_string()),
    }
}

fn as_unavailable(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Unavailable("the disk is full".into()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
