//! Where operations run: threads that write with group commit, and connections that read.

pub(super) mod folder_lock;
#[cfg(test)]
pub(super) mod forgetful;
#[cfg(test)]
#[cfg_attr(
    not(feature = "faults"),
    expect(dead_code, reason = "what the simulation does with a disk")
)]
pub(crate) mod model;
mod operation;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;
mod turns;
mod writer;

pub(crate) use operation::{OpError, Operation, Query, pending, question};
pub(super) use postgres::PostgresBackend;
pub(crate) use sqlite::{SqliteBackend, find_damage, write_alone};
pub(crate) use writer::Writer;

use super::{NO_ACCOUNT, StoreError};

/// Writes operations with group commit, in the order they are handed over.
pub(crate) trait Writes: Send + Sync {
    /// Hands over an operation for the next transaction.
    fn hand_over(&self, operation: Box<dyn Operation>) -> Result<(), StoreError>;
    /// Writes what was handed over before, and lets go of the database.
    fn close(&self);
    /// Whether closing waits for a thread.
    fn has_threads(&self) -> bool {
        true
    }
}

impl Writes for Writer {
    fn hand_over(&self, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        Self::hand_over(self, NO_ACCOUNT, operation)
    }

    fn close(&self) {
        Self::close(self);
    }
}

/// A database and how its connections are used.
pub(super) trait Backend: Send + Sync {
    /// Hands an operation to the writer of its account. Operations of one account run in the order they were handed over.
    fn write(&self, account: i64, operation: Box<dyn Operation>) -> Result<(), StoreError>;
    /// Hands over a query of a few rows, on the path of messages.
    fn read(&self, query: Box<dyn Query>);
    /// Hands over a query that may take long: messages never wait for it.
    fn read_slow(&self, query: Box<dyn Query>);
    /// Writes what was handed over before, and lets go of the database.
    fn close(&self);
    /// Whether closing waits for a thread.
    fn has_threads(&self) -> bool {
        true
    }
}
