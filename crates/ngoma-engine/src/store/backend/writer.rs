//! A thread that writes: it takes what waits as one transaction, and answers when that is on the disk.

use super::operation::{OpError, Operation};
use crate::metrics::Metrics;
use crate::store::StoreError;
use crate::store::sql::{Db, Dialect, SqlError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a transaction is done again when others were in its way.
const CONFLICTS: u32 = 8;

/// Hands operations to one writing thread.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Job {
    Run(Box<dyn Operation>),
    Close,
}

/// Where a writing thread gets its connection, again after it was lost.
pub(super) trait Connect: Send + 'static {
    /// The connection, made when there is none.
    fn db(&mut self) -> Result<&mut dyn Db, SqlError>;
    /// The connection is of no use any more.
    fn lost(&mut self);
    /// The disk did not confirm a write: what it holds is unknown, and only a new process reading it again can tell.
    fn disk_lost(&mut self, error: &SqlError);
    /// The last thing done.
    fn closing(&mut self) {}
}

impl Writer {
    /// Starts the thread; one transaction takes at most as many operations as the options say.
    pub(super) fn start(connect: impl Connect, group_commit: usize, metrics: Arc<Metrics>) -> Self {
        let group_commit = group_commit.max(1);
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_until_closed(connect, &queue, group_commit, &metrics))
            .expect("a thread can be started while the process starts");
        Self {
            jobs,
            thread: Mutex::new(Some(thread)),
        }
    }

    /// Hands over an operation for the next transaction.
    pub(crate) fn hand_over(&self, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        let closed = |_| StoreError::Unavailable("it is closed".into());
        self.jobs.send(Job::Run(operation)).map_err(closed)
    }

    /// Writes what was handed over before, then ends the thread and closes its connection.
    pub(crate) fn close(&self) {
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

fn write_until_closed(mut connect: impl Connect, queue: &mpsc::Receiver<Job>, group_commit: usize, metrics: &Metrics) {
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
        if let Err(error) = write_batch(&mut connect, batch, metrics) {
            tracing::error!(%error, "the disk did not confirm a write; the process must end and read it again");
            connect.disk_lost(&error);
            return;
        }
    }
    connect.closing();
}

/// One transaction. An operation that fails is undone alone; when the transaction fails, all of it is. An error means
/// that the disk did not confirm a write.
fn write_batch(
    connect: &mut impl Connect,
    mut batch: Vec<Box<dyn Operation>>,
    metrics: &Metrics,
) -> Result<(), SqlError> {
    if batch.is_empty() {
        return Ok(());
    }
    let failure = commit(connect, &mut batch, metrics)?;
    for operation in batch {
        operation.answer(failure.clone());
    }
    Ok(())
}

/// Commits what is to be answered next; gives the reason when the transaction was given up.
pub(super) fn commit(
    connect: &mut impl Connect,
    batch: &mut [Box<dyn Operation>],
    metrics: &Metrics,
) -> Result<Option<StoreError>, SqlError> {
    match commit_batch(connect, batch) {
        Ok(took) => {
            metrics.measure_commit(batch.len(), took);
            Ok(None)
        }
        Err(lost @ SqlError::DiskLost(_)) => Err(lost),
        Err(error) => {
            tracing::warn!(%error, operations = batch.len(), "a store transaction was given up");
            Ok(Some(match error {
                SqlError::Refused(reason) => StoreError::Unavailable(reason),
                error => error.into(),
            }))
        }
    }
}

/// Says how long the disk took to confirm it.
fn commit_batch(connect: &mut impl Connect, batch: &mut [Box<dyn Operation>]) -> Result<Duration, SqlError> {
    let mut conflicts = 0;
    let mut guard = None;
    loop {
        let db = connect.db()?;
        // SQLite's savepoints cost next to nothing; PostgreSQL's cost two messages an operation, so they are taken only
        // when an operation turned out to need them.
        let guard_now = guard.unwrap_or(match db.dialect() {
            Dialect::Sqlite => Guard::EachOperation,
            Dialect::Postgres => Guard::Whole,
        });
        match run_in_transaction(db, batch, guard_now) {
            Ok(took) => return Ok(took),
            Err(Broken::Operation) => {
                roll_back(connect)?;
                guard = Some(Guard::EachOperation);
            }
            Err(Broken::Transaction(SqlError::Conflict(_))) if conflicts < CONFLICTS => {
                roll_back(connect)?;
                conflicts += 1;
                std::thread::sleep(Duration::from_millis(u64::from(conflicts)));
            }
            Err(Broken::Transaction(error @ SqlError::DiskLost(_))) => return Err(error),
            Err(Broken::Transaction(error)) => {
                if roll_back(connect).is_err() || matches!(error, SqlError::Unavailable(_)) {
                    connect.lost();
                }
                return Err(error);
            }
        }
    }
}

/// What is undone when an operation fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The whole transaction, which is then done again with a guard around each operation.
    Whole,
    /// That operation alone.
    EachOperation,
}

enum Broken {
    /// An operation failed, and nothing guarded the others.
    Operation,
    /// The transaction itself.
    Transaction(SqlError),
}

impl From<SqlError> for Broken {
    fn from(error: SqlError) -> Self {
        Self::Transaction(error)
    }
}

fn run_in_transaction(db: &mut dyn Db, batch: &mut [Box<dyn Operation>], guard: Guard) -> Result<Duration, Broken> {
    match db.dialect() {
        Dialect::Sqlite => db.execute("BEGIN IMMEDIATE", &[]).map(drop)?,
        Dialect::Postgres => db.script("BEGIN")?,
    }
    for operation in batch {
        match guard {
            Guard::Whole => match operation.run(db) {
                Ok(()) => {}
                Err(OpError::Sql(error)) if !matches!(error, SqlError::Refused(_)) => return Err(error.into()),
                Err(_) => return Err(Broken::Operation),
            },
            Guard::EachOperation => run_guarded(db, operation.as_mut())?,
        }
    }
    let begun = Instant::now();
    match db.dialect() {
        Dialect::Sqlite => db.execute("COMMIT", &[]).map(drop)?,
        Dialect::Postgres => db.script("COMMIT")?,
    }
    Ok(begun.elapsed())
}

fn run_guarded(db: &mut dyn Db, operation: &mut dyn Operation) -> Result<(), SqlError> {
    db.execute("SAVEPOINT operation", &[])?;
    if let Err(error) = operation.run(db) {
        if let OpError::Sql(error) = error
            && !matches!(error, SqlError::Refused(_))
        {
            return Err(error);
        }
        db.execute("ROLLBACK TO operation", &[])?;
    }
    db.execute("RELEASE operation", &[])?;
    Ok(())
}

/// Ends a transaction that failed. SQLite may have ended it by itself; then this says so, and that is as well.
fn roll_back(connect: &mut impl Connect) -> Result<(), SqlError> {
    let db = connect.db()?;
    match (db.script("ROLLBACK"), db.dialect()) {
        (Err(error), Dialect::Postgres) => Err(error),
        _ => Ok(()),
    }
}
