//! A few connections that only read; each sees what was committed before its query began.

use super::StoreError;
use super::writer::as_store_error;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many connections serve the point reads of messages on their way; more wait for one of them.
const QUICK: usize = 2;
/// How many serve queries of pages and commands, which may take long: messages never wait for those.
const SLOW: usize = 2;
/// How many statements a connection keeps prepared.
pub(super) const PREPARED_STATEMENTS: usize = 64;

/// The reading connections.
pub(super) struct Readers {
    quick: Pool,
    slow: Pool,
}

struct Pool {
    connections: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Readers {
    /// Opens them on a store that its writer has open.
    pub(super) fn open(file: &Path) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            quick: Pool::open(file, QUICK)?,
            slow: Pool::open(file, SLOW)?,
        })
    }

    /// Runs a query of a few pages.
    pub(super) fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.quick.read(query)
    }

    /// Runs a query that may take long.
    pub(super) fn read_slow<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.slow.read(query)
    }
}

impl Pool {
    fn open(file: &Path, count: usize) -> Result<Self, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
            connections.push(Mutex::new(connection));
        }
        Ok(Self {
            connections,
            turn: AtomicUsize::new(0),
        })
    }

    /// Runs a query on a connection that is free, or on the next one when none is.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let free = self
            .connections
            .iter()
            .find_map(|connection| connection.try_lock().ok());
        let connection = free.unwrap_or_else(|| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
            self.connections[turn].lock().unwrap_or_else(PoisonError::into_inner)
        });
        query(&connection).map_err(|error| as_store_error(&error))
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
        let readers = Readers::open(&file).unwrap();
        let (begun, ended) = (Barrier::new(SLOW + 1), Barrier::new(SLOW + 1));
        std::thread::scope(|scope| {
            for _ in 0..SLOW {
                scope.spawn(|| {
                    let query = |_: &Connection| {
                        begun.wait();
                        ended.wait();
                        Ok(())
                    };
                    readers.read_slow(query).unwrap();
                });
            }
            begun.wait();
            let read = readers.read(|db| db.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
            ended.wait();
            assert_eq!(read, Ok(1));
        });
    }
}
