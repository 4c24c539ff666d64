//! SQLite: one file, one thread that writes, a few connections that read. Readers never wait for the writer.

use super::folder_lock::FolderLock;
use super::writer::{Connect, Writer};
use super::{Backend, Operation, Query};
use crate::store::reserve::Reserve;
use crate::store::sql::{Db, SqlError, SqliteDb};
use crate::store::{StoreError, StoreOptions};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a statement waits for a lock; only outside tools that read the file can hold one.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Pages the writer keeps in memory, in KiB. No more than it needs for what it writes now: whenever pages of an index were
/// split, SQLite looks through all of them at the commit. What it reads beside those is in the system's memory.
const WRITER_CACHE_KIB: i64 = 4 << 10;
/// Pages in the write-ahead log before they are moved into the file.
const CHECKPOINT_PAGES: i64 = 4000;
/// How many connections serve the point reads of messages on their way; more wait for one of them.
const QUICK: usize = 2;
/// How many serve queries of pages and commands, which may take long: messages never wait for those.
const SLOW: usize = 2;
/// How many statements a connection keeps prepared.
const PREPARED_STATEMENTS: usize = 128;

/// A store in one SQLite file.
pub(crate) struct SqliteBackend {
    writer: Writer,
    readers: Arc<Readers>,
}

struct Readers {
    quick: Pool,
    slow: Pool,
}

impl SqliteBackend {
    /// Opens the file's writing connection, which holds the lock of the folder until it is closed.
    pub(crate) fn open_for_writing(file: &Path, max_pages: Option<u64>) -> Result<SqliteDb, SqlError> {
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
        db.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        Ok(SqliteDb(db))
    }

    /// Starts the threads on a file whose writing connection is open.
    pub(crate) fn start(
        file: &Path,
        db: SqliteDb,
        lock: FolderLock,
        options: &StoreOptions,
        reserve: Arc<Reserve>,
    ) -> Result<Self, SqlError> {
        let readers = Arc::new(Readers {
            quick: Pool::open(file, QUICK)?,
            slow: Pool::open(file, SLOW)?,
        });
        let connect = OneFile {
            db,
            reserve: Some(reserve),
            _lock: Some(lock),
        };
        Ok(Self {
            writer: Writer::start(connect, options.group_commit, Arc::clone(&options.metrics)),
            readers,
        })
    }
}

/// Looks through a file for damage, quickly; tells what is wrong.
pub(crate) fn find_damage(db: &mut SqliteDb) -> Result<Option<String>, SqlError> {
    let verdict = match db.first("PRAGMA quick_check(1)", &[]) {
        Err(SqlError::Refused(damage)) => return Ok(Some(damage)),
        verdict => verdict?,
    };
    let verdict: Option<String> = verdict.map(|row| row.get(0)).transpose()?;
    Ok(match verdict.as_deref() {
        Some("ok") => None,
        verdict => Some(verdict.unwrap_or("it cannot be checked").to_owned()),
    })
}

/// Starts the writing thread of a file that nothing else reads, in a folder that is locked already.
pub(crate) fn write_alone(db: SqliteDb, group_commit: usize) -> Writer {
    let connect = OneFile {
        db,
        reserve: None,
        _lock: None,
    };
    // What it commits is no part of the store's own figures.
    Writer::start(connect, group_commit, Arc::default())
}

impl Backend for SqliteBackend {
    fn write(&self, account: i64, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        self.writer.hand_over(account, operation)
    }

    /// On the calling task: a few pages that are nearly always cached cost less than handing them to another thread.
    fn read(&self, query: Box<dyn Query>) {
        let _ = query.run(&mut *self.readers.quick.connection());
    }

    fn read_slow(&self, query: Box<dyn Query>) {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || {
            let _ = query.run(&mut *readers.slow.connection());
        });
    }

    fn close(&self) {
        self.writer.close();
    }
}

struct OneFile {
    db: SqliteDb,
    /// Given up when the disk is full.
    reserve: Option<Arc<Reserve>>,
    _lock: Option<FolderLock>,
}

impl Connect for OneFile {
    fn db(&mut self) -> Result<&mut dyn Db, SqlError> {
        Ok(&mut self.db)
    }

    fn lost(&mut self) {}

    fn disk_lost(&mut self, _error: &SqlError) {
        std::process::abort();
    }

    fn disk_full(&mut self) -> bool {
        self.reserve.as_ref().is_some_and(|reserve| reserve.give_up())
    }

    /// Moves the write-ahead log into the file, so that a folder at rest is one file that can be copied. Nothing depends
    /// on it: where it does not succeed, the next start reads the log.
    fn closing(&mut self) {
        if let Err(error) = self.db.query("PRAGMA wal_checkpoint(TRUNCATE)", &[]) {
            tracing::warn!(%error, "the write-ahead log stays beside the store");
        }
    }
}

struct Pool {
    connections: Vec<Mutex<SqliteDb>>,
    turn: AtomicUsize,
}

impl Pool {
    fn open(file: &Path, count: usize) -> Result<Self, SqlError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
            connections.push(Mutex::new(SqliteDb(connection)));
        }
        Ok(Self {
            connections,
            turn: AtomicUsize::new(0),
        })
    }

    /// A connection that is free, or the next one when none is.
    fn connection(&self) -> MutexGuard<'_, SqliteDb> {
        let free = self
            .connections
            .iter()
            .find_map(|connection| connection.try_lock().ok());
        free.unwrap_or_else(|| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
            self.connections[turn].lock().unwrap_or_else(PoisonError::into_inner)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn a_message_does_not_wait_for_long_queries() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        Connection::open(&file)
            .unwrap()
            .execute_batch("CREATE TABLE a (x)")
            .unwrap();
        let readers = Readers {
            quick: Pool::open(&file, QUICK).unwrap(),
            slow: Pool::open(&file, SLOW).unwrap(),
        };
        let (begun, ended) = (Barrier::new(SLOW + 1), Barrier::new(SLOW + 1));
        std::thread::scope(|scope| {
            for _ in 0..SLOW {
                scope.spawn(|| {
                    let _busy = readers.slow.connection();
                    begun.wait();
                    ended.wait();
                });
            }
            begun.wait();
            let read = readers.quick.connection().number("SELECT 1", &[]);
            ended.wait();
            assert_eq!(read, Ok(1));
        });
    }
}
