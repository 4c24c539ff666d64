//! SQL as the store speaks it: one text for SQLite and PostgreSQL, its parameters and rows in types of our own.

mod cell;
mod param;
mod postgres;
mod sqlite;
mod tls;

pub(crate) use cell::Row;
pub(crate) use param::{Param, args};
pub(crate) use postgres::{PostgresDb, SCHEMA};
pub(crate) use sqlite::SqliteDb;

use ngoma_message::Timestamp;

/// Which database a text is for, where one text does not do for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL; what is on the message path, Citus takes too.
    Postgres,
}

/// A connection to a database. Parameters are written `?1`, `?2`, … whatever the database.
pub(crate) trait Db {
    /// Which database it is.
    fn dialect(&self) -> Dialect;
    /// Runs a statement; says how many rows it changed.
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SqlError>;
    /// Runs a query, or a statement that returns rows.
    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError>;
    /// Runs statements without parameters, one after the other.
    fn script(&mut self, sql: &str) -> Result<(), SqlError>;
    /// Inserts many rows at once; gives what the statement returns.
    fn insert(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError>;

    /// Inserts rows that give nothing back. Between [`Db::gather`] and [`Db::insert_gathered`] they may wait for others of
    /// their kind; every statement that names their table finds them inserted.
    fn insert_unasked(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<(), SqlError> {
        self.insert(insert, rows).map(drop)
    }
    /// Lets such rows wait: for a transaction that is undone whole when one of its statements fails.
    fn gather(&mut self) {}
    /// Inserts what waits, before the transaction is committed.
    fn insert_gathered(&mut self) -> Result<(), SqlError> {
        Ok(())
    }
    /// Forgets what waits: its transaction is undone.
    fn forget_gathered(&mut self) {}
    /// The time by which leases are over: the database's own, since the processes' clocks may differ.
    fn time(&mut self) -> Result<Timestamp, SqlError> {
        Ok(Timestamp::now())
    }

    /// The first row of a query, if there is one.
    fn first(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, SqlError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The first value of the first row of a query that always has one.
    fn number(&mut self, sql: &str, params: &[Param<'_>]) -> Result<i64, SqlError> {
        match self.first(sql, params)? {
            Some(row) => row.get(0),
            None => Err(SqlError::Refused("a row was expected and none came".into())),
        }
    }
}

/// A statement that inserts rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Insert {
    /// The table and its columns: `message (account, id)`.
    pub(crate) into: &'static str,
    /// How many columns that names.
    pub(crate) columns: usize,
    /// What follows the rows: `ON CONFLICT DO NOTHING`.
    pub(crate) tail: &'static str,
}

impl Insert {
    /// The table.
    pub(crate) fn table(self) -> &'static str {
        self.into.split(' ').next().unwrap_or(self.into)
    }
}

/// Why a statement was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SqlError {
    /// The database does not take it now; nothing is known to have been done. The words say why.
    #[error("{0}")]
    Unavailable(String),
    /// There is no room for a write; nothing is known to have been done.
    #[error("the disk is full")]
    DiskFull,
    /// The disk did not confirm a write: what it holds is unknown.
    #[error("{0}")]
    DiskLost(String),
    /// Another transaction was in the way; the whole transaction may be done again.
    #[error("{0}")]
    Conflict(String),
    /// The statement is at fault.
    #[error("{0}")]
    Refused(String),
}

/// `?1` as PostgreSQL writes it. A question mark inside quotes does not occur in the store's texts.
fn as_dollars(sql: &str) -> String {
    sql.replace('?', "$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_for_both() {
        assert_eq!(as_dollars("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
    }
}
