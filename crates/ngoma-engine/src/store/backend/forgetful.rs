//! A database for tests that commits and loses its answer, as PostgreSQL does when it is killed at that moment.

use super::writer::{Connect, Writer};
use super::{Backend, Operation, Query, SqliteBackend};
use crate::store::sql::{Db, Dialect, Insert, Param, Row, SqlError, SqliteDb};
use crate::store::{Inner, Store, StoreError, migrations};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// What goes wrong with the next commit.
#[derive(Clone, Default)]
pub(crate) struct Troubles {
    /// It is done and forgotten.
    pub(crate) forgets: Arc<AtomicBool>,
    /// The disk is full until room is made.
    pub(crate) is_full: Arc<AtomicBool>,
    /// Room can be made.
    pub(crate) has_reserve: Arc<AtomicBool>,
}

/// A store on such a database.
pub(crate) fn forgetful_store(folder: &Path) -> (Store, Troubles) {
    let file = folder.join("forgetful.db");
    let mut db = SqliteBackend::open_for_writing(&file, None).unwrap();
    migrations::migrate(&mut db).unwrap();
    let troubles = Troubles::default();
    let forgetful = Forgetful {
        db,
        troubles: troubles.clone(),
    };
    let backend = ForgetfulBackend {
        writer: Writer::start(forgetful, 16, Arc::default()),
        reader: Mutex::new(SqliteBackend::open_for_writing(&file, None).unwrap()),
    };
    let inner = Inner {
        backend: Box::new(backend),
        backlog: Arc::new(Semaphore::new(64)),
        folder: folder.to_owned(),
        folder_name: String::new(),
        database: "sqlite",
        metrics: Arc::default(),
        epoch: 7.into(),
        is_shared: false,
        worker_lease: crate::store::TEST_LEASE,
        log_lines: 10,
        step_record_days: 7,
        part_limits: Default::default(),
        reserve: None,
        unsure: Default::default(),
        shelves: Default::default(),
    };
    (Store { inner: Arc::new(inner) }, troubles)
}

struct ForgetfulBackend {
    writer: Writer,
    reader: Mutex<SqliteDb>,
}

impl Backend for ForgetfulBackend {
    fn write(&self, account: i64, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        self.writer.hand_over(account, operation)
    }

    fn read(&self, query: Box<dyn Query>) {
        let _ = query.run(&mut *self.reader.lock().unwrap());
    }

    fn read_slow(&self, query: Box<dyn Query>) {
        self.read(query);
    }

    fn close(&self) {
        self.writer.close();
    }
}

struct Forgetful {
    db: SqliteDb,
    troubles: Troubles,
}

impl Connect for Forgetful {
    fn db(&mut self) -> Result<&mut dyn Db, SqlError> {
        Ok(self)
    }

    fn lost(&mut self) {}

    fn disk_lost(&mut self, _error: &SqlError) {}

    fn disk_full(&mut self) -> bool {
        let makes_room = self.troubles.has_reserve.swap(false, Ordering::SeqCst);
        if makes_room {
            self.troubles.is_full.store(false, Ordering::SeqCst);
        }
        makes_room
    }
}

impl Db for Forgetful {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SqlError> {
        if sql == "COMMIT" && self.troubles.is_full.load(Ordering::SeqCst) {
            return Err(SqlError::DiskFull);
        }
        let done = self.db.execute(sql, params)?;
        match sql == "COMMIT" && self.troubles.forgets.swap(false, Ordering::SeqCst) {
            true => Err(SqlError::Unavailable("the connection was lost".into())),
            false => Ok(done),
        }
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.db.query(sql, params)
    }

    fn script(&mut self, sql: &str) -> Result<(), SqlError> {
        self.db.script(sql)
    }

    fn insert(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
        self.db.insert(insert, rows)
    }
}
