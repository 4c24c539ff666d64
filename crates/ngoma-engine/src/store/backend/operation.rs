//! Operations and queries of any type, each run by a thread that has a connection and answered once.

use crate::panics::words;
use crate::store::StoreError;
use crate::store::sql::{Db, SqlError};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Why one operation did not happen; the rest of its transaction is not concerned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpError {
    /// The database refused a statement.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The operation found that it must not be done.
    #[error("{0}")]
    Refused(String),
}

impl From<&OpError> for StoreError {
    fn from(error: &OpError) -> Self {
        match error {
            OpError::Sql(error) => error.clone().into(),
            OpError::Refused(reason) => Self::Refused(reason.clone()),
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Refused(reason) => Self::Refused(reason),
            full @ SqlError::DiskFull => Self::Unavailable(full.to_string()),
            SqlError::Unavailable(reason) | SqlError::DiskLost(reason) | SqlError::Conflict(reason) => {
                Self::Unavailable(reason)
            }
        }
    }
}

/// An operation that writes. It may be run more than once, each time in a transaction that was not committed before.
pub(crate) trait Operation: Send {
    /// How many rows it writes, about: what it adds to a transaction's time.
    fn rows(&self) -> usize;
    /// Runs it and keeps what it gave.
    fn run(&mut self, db: &mut dyn Db) -> Result<(), OpError>;
    /// Answers with what the last run gave, or with the failure of its transaction.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// A query, run once.
pub(crate) trait Query: Send {
    /// Runs it and answers.
    fn run(self: Box<Self>, db: &mut dyn Db) -> Result<(), SqlError>;
    /// Answers that it cannot be run.
    fn refuse(self: Box<Self>, error: StoreError);
}

/// What comes back of an operation or a query.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// An operation of about so many rows, and where its answer comes. `place` is given up with it.
pub(crate) fn pending<T, F>(run: F, place: OwnedSemaphorePermit, rows: usize) -> (Box<dyn Operation>, Answer<T>)
where
    T: Send + 'static,
    F: FnMut(&mut dyn Db) -> Result<T, OpError> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let pending = Pending {
        run,
        result: None,
        answer,
        rows,
        _place: place,
    };
    (Box::new(pending), answered)
}

struct Pending<T, F> {
    run: F,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    rows: usize,
    _place: OwnedSemaphorePermit,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnMut(&mut dyn Db) -> Result<T, OpError> + Send,
{
    fn rows(&self) -> usize {
        self.rows
    }

    fn run(&mut self, db: &mut dyn Db) -> Result<(), OpError> {
        let broke_off = |panic: Box<dyn Any + Send>| {
            let said = words(panic.as_ref());
            Err(OpError::Refused(format!("the operation broke off: {said}")))
        };
        match catch_unwind(AssertUnwindSafe(|| (self.run)(db))).unwrap_or_else(broke_off) {
            Ok(value) => {
                self.result = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                self.result = Some(Err(StoreError::from(&error)));
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

/// A query and where its answer comes.
pub(crate) fn question<T, F>(run: F) -> (Box<dyn Query>, Answer<T>)
where
    T: Send + 'static,
    F: FnOnce(&mut dyn Db) -> Result<T, SqlError> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    (Box::new(Question { run, answer }), answered)
}

struct Question<T, F> {
    run: F,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Query for Question<T, F>
where
    T: Send,
    F: FnOnce(&mut dyn Db) -> Result<T, SqlError> + Send,
{
    fn run(self: Box<Self>, db: &mut dyn Db) -> Result<(), SqlError> {
        let Self { run, answer } = *self;
        let broke_off = |panic: Box<dyn Any + Send>| {
            Err(SqlError::Refused(format!(
                "the query broke off: {}",
                words(panic.as_ref())
            )))
        };
        let result = catch_unwind(AssertUnwindSafe(|| run(db))).unwrap_or_else(broke_off);
        let passed = result.as_ref().map(drop).map_err(Clone::clone);
        let _ = answer.send(result.map_err(StoreError::from));
        passed
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.answer.send(Err(error));
    }
}
