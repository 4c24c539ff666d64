//! A thread that writes: it takes what waits as one transaction, and answers when that is on the disk.

use super::operation::{OpError, Operation};
use super::turns::Turns;
use crate::metrics::Metrics;
use crate::store::sql::{Db, Dialect, SqlError};
use crate::store::{NO_ACCOUNT, StoreError};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a transaction is done again when others were in its way.
const CONFLICTS: u32 = 8;

/// While other accounts are about, a transaction has only one in so many of its rows: whoever comes meanwhile waits for it
/// (F37).
const SHARED: usize = 4;
/// How long an account is about after it handed something over.
const ABOUT: Duration = Duration::from_secs(1);

/// Hands operations to one writing thread.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Job {
    Run(i64, Box<dyn Operation>),
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
    /// There is no room for a write. Says whether some was made: then the transaction is done again.
    fn disk_full(&mut self) -> bool {
        false
    }
    /// The last thing done.
    fn closing(&mut self) {}
}

impl Writer {
    /// Starts the thread; one transaction takes operations of at most so many rows, unless one has more by itself.
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

    /// Hands over an operation of an account, for its next turn.
    pub(crate) fn hand_over(&self, account: i64, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        let closed = |_| StoreError::Unavailable("it is closed".into());
        self.jobs.send(Job::Run(account, operation)).map_err(closed)
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
    let mut waiting = Turns::default();
    let mut company = Company::default();
    let mut is_open = true;
    while is_open || !waiting.is_empty() {
        let mut next = match waiting.is_empty() {
            true => Some(queue.recv().unwrap_or(Job::Close)),
            false => queue.try_recv().ok(),
        };
        while let Some(job) = next {
            match job {
                Job::Run(account, operation) => {
                    company.note(account);
                    waiting.push(account, operation);
                }
                Job::Close => is_open = false,
            }
            next = is_open.then(|| queue.try_recv().ok()).flatten();
        }
        let rows = if company.is_there() {
            group_commit.div_ceil(SHARED)
        } else {
            group_commit
        };
        if let Err(error) = write_batch(&mut connect, next_batch(&mut waiting, rows), metrics) {
            tracing::error!(%error, "the disk did not confirm a write; the process must end and read it again");
            connect.disk_lost(&error);
            return;
        }
    }
    connect.closing();
}

/// Whether several accounts hand over operations.
#[derive(Default)]
struct Company {
    last: Option<i64>,
    changed: Option<Instant>,
}

impl Company {
    /// Notes that an account handed something over; what is nobody's does not count.
    fn note(&mut self, account: i64) {
        if account != NO_ACCOUNT && self.last.replace(account).is_some_and(|last| last != account) {
            self.changed = Some(Instant::now());
        }
    }

    fn is_there(&self) -> bool {
        self.changed.is_some_and(|at| at.elapsed() < ABOUT)
    }
}

/// What the next transaction takes: operations of so many rows together, or one of more by itself.
fn next_batch(waiting: &mut Turns<Box<dyn Operation>>, rows: usize) -> Vec<Box<dyn Operation>> {
    let mut batch = Vec::new();
    let mut taken = 0;
    while let Some(operation) = waiting.next_if(|next| taken == 0 || taken + next.rows().max(1) <= rows) {
        taken += operation.rows().max(1);
        batch.push(operation);
    }
    batch
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
    // A savepoint costs SQLite a copy of each page the operation changes, and PostgreSQL two messages: they are taken only
    // when an operation turned out to need them.
    let mut guard = Guard::Whole;
    loop {
        let db = connect.db()?;
        match run_in_transaction(db, batch, guard) {
            Ok(took) => return Ok(took),
            Err(Broken::Operation) => {
                roll_back(connect)?;
                guard = Guard::EachOperation;
            }
            Err(Broken::Transaction(SqlError::Conflict(_))) if conflicts < CONFLICTS => {
                roll_back(connect)?;
                conflicts += 1;
                std::thread::sleep(Duration::from_millis(u64::from(conflicts)));
            }
            Err(Broken::Transaction(SqlError::DiskFull)) if connect.disk_full() => roll_back(connect)?,
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
    match guard {
        Guard::Whole => run_unguarded(db, batch)?,
        Guard::EachOperation => {
            for operation in batch {
                run_guarded(db, operation.as_mut())?;
            }
        }
    }
    let begun = Instant::now();
    match db.dialect() {
        Dialect::Sqlite => db.execute("COMMIT", &[]).map(drop)?,
        Dialect::Postgres => db.script("COMMIT")?,
    }
    Ok(begun.elapsed())
}

/// What the operations insert may wait for the end: when that fails, one of them is at fault.
fn run_unguarded(db: &mut dyn Db, batch: &mut [Box<dyn Operation>]) -> Result<(), Broken> {
    let broken = |error| match error {
        OpError::Sql(error) if !matches!(error, SqlError::Refused(_)) => Broken::Transaction(error),
        _ => Broken::Operation,
    };
    db.gather();
    for operation in batch {
        operation.run(db).map_err(broken)?;
    }
    db.insert_gathered().map_err(|error| broken(error.into()))
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
    db.forget_gathered();
    match (db.script("ROLLBACK"), db.dialect()) {
        (Err(error), Dialect::Postgres) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::operation::pending;
    use super::*;
    use crate::store::sql::{Insert, Param, Row};
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    const ROW: Insert = Insert {
        into: "a (x)",
        columns: 1,
        tail: "",
    };

    /// A database that keeps rows until the end, refuses those that say 13, and remembers what it was told.
    #[derive(Default)]
    struct Gathering {
        waiting: Option<Vec<Param<'static>>>,
        told: Vec<String>,
    }

    impl Gathering {
        fn add(&mut self, value: &Param<'_>) -> Result<(), SqlError> {
            self.told.push(format!("{value:?}"));
            match value {
                Param::Int(13) => Err(SqlError::Refused("not this".into())),
                _ => Ok(()),
            }
        }
    }

    impl Db for Gathering {
        fn dialect(&self) -> Dialect {
            Dialect::Postgres
        }
        fn execute(&mut self, sql: &str, _: &[Param<'_>]) -> Result<u64, SqlError> {
            self.script(sql).map(|()| 0)
        }
        fn query(&mut self, sql: &str, _: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
            self.script(sql).map(|()| Vec::new())
        }
        fn script(&mut self, sql: &str) -> Result<(), SqlError> {
            self.told.push(sql.to_owned());
            Ok(())
        }
        fn insert(&mut self, _: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
            let waiting = self.waiting.as_mut();
            let mut values = rows.iter().flatten();
            match waiting {
                Some(waiting) => waiting.extend(values.map(Param::to_owned)),
                None => values.try_for_each(|value| self.add(value))?,
            }
            Ok(Vec::new())
        }
        fn gather(&mut self) {
            self.waiting = Some(Vec::new());
        }
        fn insert_gathered(&mut self) -> Result<(), SqlError> {
            let waiting = self.waiting.take().unwrap_or_default();
            waiting.iter().try_for_each(|value| self.add(value))
        }
        fn forget_gathered(&mut self) {
            self.waiting = None;
        }
    }

    struct Fixed(Gathering);

    impl Connect for Fixed {
        fn db(&mut self) -> Result<&mut dyn Db, SqlError> {
            Ok(&mut self.0)
        }
        fn lost(&mut self) {}
        fn disk_lost(&mut self, _: &SqlError) {}
    }

    /// What becomes of operations that each insert one of these values, and what the database is told.
    fn write(values: &[i64]) -> (Vec<bool>, Vec<String>) {
        let places = Arc::new(Semaphore::new(values.len()));
        let insert = |&value: &i64| {
            let place = Arc::clone(&places).try_acquire_owned().unwrap();
            pending(
                move |db: &mut dyn Db| Ok(db.insert_unasked(ROW, &[vec![Param::Int(value)]])?),
                place,
                1,
            )
        };
        let (batch, answers): (Vec<_>, Vec<_>) = values.iter().map(insert).unzip();
        let mut connect = Fixed(Gathering::default());
        write_batch(&mut connect, batch, &Metrics::default()).unwrap();
        let passed = answers.into_iter().map(|mut answer| answer.try_recv().unwrap().is_ok());
        (passed.collect(), connect.0.told)
    }

    #[test]
    fn what_operations_insert_is_brought_together() {
        let (passed, told) = write(&[1, 2]);
        assert_eq!(passed, [true, true]);
        assert_eq!(told, ["BEGIN", "Int(1)", "Int(2)", "COMMIT"]);
    }

    #[test]
    fn a_row_that_is_refused_at_the_end_fails_its_own_operation_alone() {
        let (passed, told) = write(&[1, 13, 2]);
        assert_eq!(passed, [true, false, true]);
        let again = told.iter().skip_while(|line| *line != "ROLLBACK");
        let told: Vec<&str> = again.map(String::as_str).collect();
        let guarded = |value, end| ["SAVEPOINT operation", value, end];
        let mut expected = vec!["ROLLBACK", "BEGIN"];
        expected.extend(guarded("Int(1)", "RELEASE operation"));
        expected.extend(guarded("Int(13)", "ROLLBACK TO operation"));
        expected.push("RELEASE operation");
        expected.extend(guarded("Int(2)", "RELEASE operation"));
        expected.push("COMMIT");
        assert_eq!(told, expected);
    }

    /// The rows of the operations of each transaction, when an account floods and another has two.
    #[test]
    fn a_transaction_has_so_many_rows_and_something_of_everybody() {
        let mut waiting = Turns::default();
        let places = Arc::new(Semaphore::new(100));
        let mut hand_over = |account, rows| {
            let place = Arc::clone(&places).try_acquire_owned().unwrap();
            waiting.push(account, pending(|_: &mut dyn Db| Ok(()), place, rows).0);
        };
        for _ in 0..6 {
            hand_over(1, 40);
        }
        hand_over(1, 1000);
        hand_over(2, 1);
        hand_over(2, 1);
        let mut batches = Vec::new();
        while !waiting.is_empty() {
            let batch = next_batch(&mut waiting, 100);
            batches.push(batch.iter().map(|operation| operation.rows()).collect::<Vec<_>>());
        }
        assert_eq!(batches, [vec![40, 1, 40, 1], vec![40, 40], vec![40, 40], vec![1000]]);
    }

    #[test]
    fn an_account_has_company_when_another_hands_something_over() {
        let mut company = Company::default();
        for account in [NO_ACCOUNT, 1, NO_ACCOUNT, 1] {
            company.note(account);
        }
        assert!(!company.is_there());
        company.note(2);
        assert!(company.is_there());
        company.changed = Instant::now().checked_sub(ABOUT);
        assert!(!company.is_there());
    }
}
