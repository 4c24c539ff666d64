//! What arrives while the database does not take it: kept on this machine's disk, in order and within bounds, until it
//! does.

mod drain;
mod entry;
mod file;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use drain::drain_until_stopped;

use crate::store::backend::{OpError, Writes, pending, write_alone};
#[cfg(all(test, feature = "faults"))]
use crate::store::model::{Disk, ModelBackend, Surroundings};
use crate::store::sql::Db;
use crate::store::{Arrival, OpenError, StoreError};
use ngoma_message::Timestamp;
use rows::{Entry, Removal};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};

/// What an entry takes beside its body, in bytes.
const ENTRY_BYTES: u64 = 64;

/// What bounds the spool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpoolBounds {
    /// How many bytes it holds.
    pub(crate) bytes: u64,
    /// How many messages and receipts it holds.
    pub(crate) messages: u64,
    /// How many one transaction takes.
    pub(crate) group_commit: usize,
    /// How many wait for the writer.
    pub(crate) backlog: usize,
}

/// What the spool holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolStatus {
    /// How many messages, receipts and fallback texts wait for the database.
    pub messages: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// When the oldest of them came.
    pub oldest: Option<Timestamp>,
    /// How many the database refused, or nobody could read: kept in the file for a person to look at.
    pub refused: u64,
    /// How many files were moved aside since they could not be read.
    pub files_aside: u64,
}

/// The spool of a data folder.
pub(crate) struct Spool {
    writer: Box<dyn Writes>,
    backlog: Arc<Semaphore>,
    bounds: SpoolBounds,
    folder: PathBuf,
    held: Mutex<Held>,
    /// Says that something came.
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Held {
    messages: u64,
    bytes: u64,
    oldest: Option<Timestamp>,
    refused: u64,
    by_channel: HashMap<i64, u64>,
}

impl Spool {
    /// Opens the spool of a folder whose lock this process holds.
    pub(crate) fn open(folder: &Path, bounds: SpoolBounds) -> Result<Arc<Self>, OpenError> {
        let mut db = file::open(folder)?;
        let held = rows::count(&mut db).map_err(|error| OpenError::Folder {
            folder: folder.to_owned(),
            problem: format!("the spool: {error}"),
        })?;
        let writer = write_alone(db, bounds.group_commit);
        Ok(Self::over(Box::new(writer), held, folder, bounds))
    }

    /// The spool on a model of a disk, that of [`Self::model_disk`].
    #[cfg(all(test, feature = "faults"))]
    pub(crate) fn on_model(disk: &Arc<Disk>, surroundings: Arc<dyn Surroundings>, bounds: SpoolBounds) -> Arc<Self> {
        let held = disk.with(|db| rows::count(db)).expect("the model's disk always opens");
        let writer = ModelBackend::start(disk, surroundings);
        Self::over(Box::new(writer), held, Path::new(""), bounds)
    }

    /// An empty disk for a spool, which notes every entry that was ever on it.
    #[cfg(all(test, feature = "faults"))]
    pub(crate) fn model_disk(clock: Arc<dyn crate::Clock>) -> Arc<Disk> {
        let watch = "CREATE TEMP TABLE kept (number INTEGER, channel INTEGER, body TEXT);
            CREATE TEMP TRIGGER watch AFTER INSERT ON main.entry
            BEGIN INSERT INTO kept VALUES (new.number, new.channel, new.body); END;";
        Disk::with_tables(clock, &format!("{}{watch}", file::MIGRATIONS.concat()))
    }

    fn over(writer: Box<dyn Writes>, held: Held, folder: &Path, bounds: SpoolBounds) -> Arc<Self> {
        Arc::new(Self {
            writer,
            backlog: Arc::new(Semaphore::new(bounds.backlog)),
            bounds,
            folder: folder.to_owned(),
            held: Mutex::new(held),
            arrived: Notify::new(),
        })
    }

    /// Keeps an arrival; when this returns it is on the disk. Refused when the spool is full or cannot write.
    pub(crate) async fn keep(self: &Arc<Self>, arrival: Arrival, at: Timestamp) -> Result<(), StoreError> {
        let spool = Arc::clone(self);
        // In its own task: the count stays right when nobody waits for this any more.
        let keeping = tokio::spawn(async move { spool.keep_counted(&arrival, at).await });
        let broke_off = |_| Err(StoreError::Unavailable("keeping it broke off".into()));
        keeping.await.unwrap_or_else(broke_off)
    }

    /// Whether something of this channel waits: what comes by it later must wait behind that.
    pub(crate) fn holds(&self, channel: i64) -> bool {
        self.held().by_channel.contains_key(&channel)
    }

    /// What it holds.
    pub(crate) fn status(&self) -> SpoolStatus {
        let held = self.held();
        SpoolStatus {
            messages: held.messages,
            bytes: held.bytes,
            oldest: held.oldest,
            refused: held.refused,
            files_aside: file::count_aside(&self.folder),
        }
    }

    /// Whether anything more goes into it.
    pub(crate) fn check_room(&self) -> Result<(), StoreError> {
        self.check_bounds(&self.held(), ENTRY_BYTES)
    }

    /// Writes what was handed over before, and closes the file.
    pub(crate) fn close(&self) {
        self.backlog.close();
        self.writer.close();
    }

    /// The same for a task, whose thread has others to serve meanwhile.
    pub(crate) async fn close_aside(self: &Arc<Self>) {
        if !self.writer.has_threads() {
            return self.close();
        }
        let spool = Arc::clone(self);
        // It waits for the writer's last transaction.
        let _ = tokio::task::spawn_blocking(move || spool.close()).await;
    }

    /// The oldest entries.
    async fn oldest(&self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.write(move |db| Ok(rows::oldest(db, limit)?)).await
    }

    /// Forgets entries: those that are in the store, and those that are kept for a person to look at.
    async fn remove(&self, removals: &[Removal]) -> Result<(), StoreError> {
        let (now, all) = (Timestamp::now(), removals.to_vec());
        let oldest = self.write(move |db| Ok(rows::remove(db, &all, now)?)).await?;
        let mut held = self.held();
        for removal in removals {
            held.subtract(removal.channel, removal.bytes);
            held.refused += u64::from(removal.refusal.is_some());
        }
        held.oldest = oldest;
        Ok(())
    }

    async fn keep_counted(&self, arrival: &Arrival, at: Timestamp) -> Result<(), StoreError> {
        let body = entry::to_text(arrival).map_err(|error| StoreError::Refused(error.to_string()))?;
        let (channel, bytes) = (arrival.channel(), body.len() as u64 + ENTRY_BYTES);
        // Counted before it is written: whoever asks meanwhile must wait behind it.
        self.reserve(channel, bytes, at)?;
        let kept = self.write(move |db| Ok(rows::append(db, channel, at, &body)?)).await;
        match kept {
            Ok(()) => self.arrived.notify_one(),
            Err(_) => self.held().subtract(channel, bytes),
        }
        kept
    }

    fn reserve(&self, channel: i64, bytes: u64, at: Timestamp) -> Result<(), StoreError> {
        let mut held = self.held();
        self.check_bounds(&held, bytes)?;
        held.add(channel, bytes);
        held.oldest.get_or_insert(at);
        Ok(())
    }

    fn check_bounds(&self, held: &Held, bytes: u64) -> Result<(), StoreError> {
        if held.messages < self.bounds.messages && held.bytes + bytes <= self.bounds.bytes {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!(
            "the spool is full with {} messages of {} bytes",
            held.messages, held.bytes
        )))
    }

    async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Db) -> Result<T, OpError> + Send + 'static,
    {
        let closed = || StoreError::Unavailable("the spool is closed".into());
        let place = Arc::clone(&self.backlog).acquire_owned().await;
        let (operation, answer) = pending(operation, place.map_err(|_| closed())?, 1);
        self.writer.hand_over(operation)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn add(&mut self, channel: i64, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
        *self.by_channel.entry(channel).or_default() += 1;
    }

    fn subtract(&mut self, channel: i64, bytes: u64) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(count) = self.by_channel.get_mut(&channel) {
            *count -= 1;
            if *count == 0 {
                self.by_channel.remove(&channel);
            }
        }
        if self.messages == 0 {
            self.oldest = None;
        }
    }
}
