//! PostgreSQL: a few threads that write, each for its share of the accounts, and a few that read.

use super::folder_lock::FolderLock;
use super::writer::{Connect, Writer};
use super::{Backend, Operation, Query};
use crate::store::sql::{Db, PostgresDb, SqlError};
use crate::store::{StoreError, StoreOptions};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// How many threads write. An account stays with one of them, so that they are never in each other's way.
const WRITERS: usize = 4;
/// How many serve the point reads of messages on their way.
const QUICK: usize = 3;
/// How many serve the queries of pages and commands.
const SLOW: usize = 2;
/// How long a database that could not be reached is not tried again: whoever asks meanwhile is told at once.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);

/// A store in a PostgreSQL database.
pub(crate) struct PostgresBackend {
    writers: Vec<Writer>,
    quick: Readers,
    slow: Readers,
    lock: Mutex<Option<FolderLock>>,
}

impl PostgresBackend {
    /// Starts the threads; each connects when it is first needed.
    pub(crate) fn start(url: &str, lock: FolderLock, options: &StoreOptions) -> Self {
        let link = |plans_once| Link {
            url: url.to_owned(),
            plans_once,
            db: None,
            failed: None,
        };
        Self {
            writers: (0..WRITERS)
                .map(|_| Writer::start(link(true), options.group_commit, Arc::clone(&options.metrics)))
                .collect(),
            quick: Readers::start(QUICK, || link(true)),
            slow: Readers::start(SLOW, || link(false)),
            lock: Mutex::new(Some(lock)),
        }
    }
}

impl Backend for PostgresBackend {
    fn write(&self, account: i64, operation: Box<dyn Operation>) -> Result<(), StoreError> {
        let writer = account.unsigned_abs() as usize % self.writers.len();
        self.writers[writer].hand_over(account, operation)
    }

    fn read(&self, query: Box<dyn Query>) {
        self.quick.hand_over(query);
    }

    fn read_slow(&self, query: Box<dyn Query>) {
        self.slow.hand_over(query);
    }

    fn close(&self) {
        for writer in &self.writers {
            writer.close();
        }
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A connection that is made again after it was lost.
struct Link {
    url: String,
    /// Whether its statements are those of messages on their way.
    plans_once: bool,
    db: Option<PostgresDb>,
    failed: Option<(Instant, SqlError)>,
}

impl Link {
    fn connect(&self) -> Result<PostgresDb, SqlError> {
        let mut db = PostgresDb::connect(&self.url)?;
        if self.plans_once {
            db.plan_once()?;
        }
        Ok(db)
    }
}

impl Connect for Link {
    fn db(&mut self) -> Result<&mut dyn Db, SqlError> {
        if self.db.is_none() {
            if let Some((at, error)) = &self.failed
                && at.elapsed() < RECONNECT_AFTER
            {
                return Err(error.clone());
            }
            match self.connect() {
                Ok(db) => {
                    self.failed = None;
                    self.db = Some(db);
                }
                Err(error) => {
                    let error = match error {
                        SqlError::Refused(reason) => SqlError::Unavailable(format!("PostgreSQL: {reason}")),
                        error => error,
                    };
                    self.failed = Some((Instant::now(), error.clone()));
                    return Err(error);
                }
            }
        }
        match &mut self.db {
            Some(db) => Ok(db),
            None => Err(SqlError::Unavailable("there is no connection".into())),
        }
    }

    fn lost(&mut self) {
        self.db = None;
    }

    /// The server looks after its disk: this client never learns of it.
    fn disk_lost(&mut self, _error: &SqlError) {
        self.db = None;
    }
}

/// Threads that read, each with a connection of its own.
struct Readers {
    queries: mpsc::Sender<Box<dyn Query>>,
}

impl Readers {
    fn start(count: usize, link: impl Fn() -> Link) -> Self {
        let (queries, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let (waiting, link) = (Arc::clone(&waiting), link());
            std::thread::Builder::new()
                .name("store-reader".into())
                .spawn(move || read_until_closed(&waiting, link))
                .expect("a thread can be started while the process starts");
        }
        Self { queries }
    }

    fn hand_over(&self, query: Box<dyn Query>) {
        if let Err(mpsc::SendError(query)) = self.queries.send(query) {
            query.refuse(StoreError::Unavailable("it is closed".into()));
        }
    }
}

fn read_until_closed(waiting: &Mutex<mpsc::Receiver<Box<dyn Query>>>, mut link: Link) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(query) = next else { return };
        let outcome = match link.db() {
            Ok(db) => query.run(db),
            Err(error) => {
                query.refuse(error.into());
                continue;
            }
        };
        if let Err(SqlError::Unavailable(_)) = outcome {
            link.lost();
        }
    }
}
