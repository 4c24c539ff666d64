//! A model of a disk and its writer: the store's own SQL on SQLite in memory, run without threads, so that whoever
//! decides what becomes of each transaction decides everything.

use super::writer::{Connect, commit};
use super::{Backend, Operation, Query, Writes};
use crate::Clock;
use crate::metrics::Metrics;
use crate::store::sql::{Db, Dialect, Insert, Param, Row, SqlError, SqliteDb};
use crate::store::{NO_ACCOUNT, StoreError};
use async_trait::async_trait;
use ngoma_message::Timestamp;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;

/// What surrounds a process: it decides how long its work takes and how it ends.
#[async_trait]
pub(crate) trait Surroundings: Send + Sync {
    /// Returns when the process goes on: at once, later, or never.
    async fn pass(&self, what: &str);
    /// Whether the process is there.
    fn is_alive(&self) -> bool;
    /// How many operations the next transaction takes at most.
    fn group(&self) -> usize;
    /// What becomes of the next transaction.
    fn fate(&self) -> Fate;
    /// Whether a query is answered before anything else happens.
    fn reads_at_once(&self) -> bool;
    /// Whether the disk answers queries.
    fn answers(&self) -> bool {
        true
    }
}

/// What becomes of a transaction of a process that lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is on the disk and its operations are answered.
    Kept,
    /// The disk is full after so many statements: nothing of it is kept, and its operations learn that.
    FullAfter(u32),
    /// It is on the disk, but the connection was lost before that was said: its operations are told that it is not.
    KeptAndDenied,
    /// The database is away: nothing is kept, and its operations learn that.
    Away,
}

/// What outlives the processes that write on it.
pub(crate) struct Disk {
    db: Mutex<Option<SqliteDb>>,
    /// The database's own time.
    clock: Arc<dyn Clock>,
}

/// Notes every new message and every change of a status, in the transaction that makes it.
const WATCH: &str = "CREATE TEMP TABLE status_change (message BLOB, before INTEGER, after INTEGER);
    CREATE TEMP TRIGGER watch AFTER UPDATE OF status ON main.message WHEN old.status <> new.status
    BEGIN INSERT INTO status_change VALUES (new.id, old.status, new.status); END;
    CREATE TEMP TABLE arrived (message BLOB);
    CREATE TEMP TRIGGER watch_arrivals AFTER INSERT ON main.message
    BEGIN INSERT INTO arrived VALUES (new.id); END;";

impl Disk {
    /// An empty store of the latest schema, whose leases end by this clock.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::with_tables(clock, &format!("{}{WATCH}", latest_schema()))
    }

    /// A disk with the tables this script makes.
    pub(crate) fn with_tables(clock: Arc<dyn Clock>, script: &str) -> Arc<Self> {
        let db = Connection::open_in_memory().expect("SQLite opens in memory");
        db.set_prepared_statement_cache_capacity(256);
        let mut db = SqliteDb(db);
        db.script(script).expect("the tables can be made");
        Arc::new(Self {
            db: Mutex::new(Some(db)),
            clock,
        })
    }

    /// Rows as they are on the disk now, every value as text; an id as its 32 digits.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let rows = self.with(|db| db.query(sql, &[]));
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(Row::as_texts).collect()
    }

    /// The one number a query gives.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.with(|db| db.number(sql, &[]))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Throws the disk away: what still writes on it finds it gone.
    pub(crate) fn scrap(&self) {
        self.held().take();
    }

    /// Does something that no process does.
    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut dyn Db) -> T) -> T {
        let mut held = self.held();
        let mut filling = self.filling(held.take().expect("the disk is there"), None);
        let done = action(&mut filling);
        *held = Some(filling.db);
        done
    }

    fn filling(&self, db: SqliteDb, left: Option<u32>) -> Filling {
        Filling {
            db,
            left,
            clock: Arc::clone(&self.clock),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<SqliteDb>> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a transaction as the writing thread would; gives the reason when it was given up.
    fn commit(&self, batch: &mut [Box<dyn Operation>], fate: Fate) -> Option<StoreError> {
        let gone = || StoreError::Unavailable("the disk is gone".into());
        let mut held = self.held();
        let Some(db) = held.take() else { return Some(gone()) };
        let left = match fate {
            Fate::FullAfter(statements) => Some(statements),
            Fate::Kept | Fate::KeptAndDenied => None,
            Fate::Away => Some(0),
        };
        let mut attached = Attached(self.filling(db, left));
        let failure = commit(&mut attached, batch, &Metrics::default()).unwrap_or_else(|_| Some(gone()));
        *held = Some(attached.0.db);
        match (failure, fate) {
            (None, Fate::KeptAndDenied) => Some(StoreError::Unavailable("the connection was lost".into())),
            (failure, _) => failure,
        }
    }

    fn ask(&self, query: Box<dyn Query>, surroundings: &dyn Surroundings) {
        if !surroundings.answers() {
            return query.refuse(StoreError::Unavailable("the database is away".into()));
        }
        match self.held().as_mut() {
            Some(db) => drop(query.run(db)),
            None => query.refuse(StoreError::Unavailable("the disk is gone".into())),
        }
    }
}

/// The schema all migrations lead to, as one script: made once, since every seed begins with it.
fn latest_schema() -> &'static str {
    static SCHEMA: OnceLock<String> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut db = SqliteDb(Connection::open_in_memory().expect("SQLite opens in memory"));
        crate::store::migrations::migrate(&mut db).expect("an empty store can be migrated");
        let made = db.query(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid",
            &[],
        );
        let held = db.query("SELECT name, value FROM meta", &[]);
        let tables = made.expect("a schema has texts");
        let tables = tables.iter().map(|row| format!("{};", row.as_texts()[0]));
        let held = held.expect("the store has a table of numbers");
        let held = held.iter().map(Row::as_texts);
        let held = held.map(|row| format!("INSERT INTO meta (name, value) VALUES ('{}', {});", row[0], row[1]));
        tables.chain(held).collect()
    })
}

/// The store of one process on a [`Disk`].
pub(crate) struct ModelBackend(Arc<Writing>);

struct Writing {
    disk: Arc<Disk>,
    surroundings: Arc<dyn Surroundings>,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    operations: VecDeque<Box<dyn Operation>>,
    is_closed: bool,
}

impl ModelBackend {
    /// Starts the task that writes.
    pub(crate) fn start(disk: &Arc<Disk>, surroundings: Arc<dyn Surroundings>) -> Self {
        let writing = Arc::new(Writing {
            disk: Arc::clone(disk),
            surroundings,
            waiting: Mutex::default(),
            arrived: Notify::new(),
        });
        tokio::spawn(write_until_closed(Arc::clone(&writing)));
        Self(writing)
    }

    fn run(&self, query: Box<dyn Query>) {
        let writing = Arc::clone(&self.0);
        if writing.surroundings.is_alive() && writing.surroundings.reads_at_once() {
            return writing.disk.ask(query, &*writing.surroundings);
        }
        tokio::spawn(async move {
            writing.surroundings.pass("read").await;
            writing.disk.ask(query, &*writing.surroundings);
        });
    }
}

impl Backend for ModelBackend {
    fn write(&self, _account: i64, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        let mut waiting = self.0.waiting();
        if waiting.is_closed {
            return Err(StoreError::Unavailable("it is closed".into()));
        }
        waiting.operations.push_back(operation);
        self.0.arrived.notify_one();
        Ok(())
    }

    fn read(&self, query: Box<dyn Query>) {
        self.run(query);
    }

    fn read_slow(&self, query: Box<dyn Query>) {
        self.run(query);
    }

    fn close(&self) {
        self.0.waiting().is_closed = true;
        if self.0.surroundings.is_alive() {
            let mut last = self.0.take(usize::MAX);
            let failure = self.0.disk.commit(&mut last, Fate::Kept);
            answer(last, failure.as_ref());
        }
        self.0.arrived.notify_one();
    }

    fn has_threads(&self) -> bool {
        false
    }
}

/// What writes alone, without an account.
impl Writes for ModelBackend {
    fn hand_over(&self, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        self.write(NO_ACCOUNT, operation)
    }

    fn close(&self) {
        Backend::close(self);
    }

    fn has_threads(&self) -> bool {
        false
    }
}

impl Writing {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, most: usize) -> Vec<Box<dyn Operation>> {
        let waiting = &mut self.waiting().operations;
        let count = waiting.len().min(most);
        waiting.drain(..count).collect()
    }
}

async fn write_until_closed(writing: Arc<Writing>) {
    loop {
        let (is_empty, is_closed) = {
            let waiting = writing.waiting();
            (waiting.operations.is_empty(), waiting.is_closed)
        };
        match (is_empty, is_closed) {
            (true, true) => return,
            (true, false) => writing.arrived.notified().await,
            (false, _) => write_group(&writing).await,
        }
    }
}

/// One transaction: it takes a while to reach the disk, and a while until that is said.
async fn write_group(writing: &Writing) {
    writing.surroundings.pass("write").await;
    let mut group = writing.take(writing.surroundings.group());
    let failure = writing.disk.commit(&mut group, writing.surroundings.fate());
    writing.surroundings.pass("written").await;
    answer(group, failure.as_ref());
}

fn answer(group: Vec<Box<dyn Operation>>, failure: Option<&StoreError>) {
    for operation in group {
        operation.answer(failure.cloned());
    }
}

struct Attached(Filling);

impl Connect for Attached {
    fn db(&mut self) -> Result<&mut dyn Db, SqlError> {
        Ok(&mut self.0)
    }

    fn lost(&mut self) {}

    fn disk_lost(&mut self, _error: &SqlError) {}
}

/// A database on a disk that may have room for so many statements only. What needs no room still works.
struct Filling {
    db: SqliteDb,
    left: Option<u32>,
    clock: Arc<dyn Clock>,
}

impl Filling {
    fn count(&mut self) -> Result<(), SqlError> {
        match &mut self.left {
            None => Ok(()),
            Some(0) => Err(SqlError::Unavailable("the disk is full".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

impl Db for Filling {
    fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SqlError> {
        self.count()?;
        self.db.execute(sql, params)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.count()?;
        self.db.query(sql, params)
    }

    fn script(&mut self, sql: &str) -> Result<(), SqlError> {
        self.db.script(sql)
    }

    fn insert(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
        self.count()?;
        self.db.insert(insert, rows)
    }

    fn time(&mut self) -> Result<Timestamp, SqlError> {
        Ok(self.clock.now())
    }
}
