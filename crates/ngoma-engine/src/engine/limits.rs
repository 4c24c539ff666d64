//! Everything that bounds the engine, by name.

use crate::directory::RoomLimits;
use crate::inbound::PartLimits;
use crate::metrics::Metrics;
use crate::spool::SpoolBounds;
use crate::store::{StoreChoice, StoreOptions};
use std::sync::Arc;
use std::time::Duration;

/// What bounds the engine; the defaults suit one small machine.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long `open` waits for another process to let go of the data folder.
    pub lease_wait: Duration,
    /// How many steps of one service run at once.
    pub steps_at_once: usize,
    /// How many events on their way to one service are in memory; the rest wait in the queue's table.
    pub events_in_memory: usize,
    /// How many calls of one account's web hook are under way at once.
    pub calls_at_once: usize,
    /// How long a call of a web hook may take.
    pub call_wall: Duration,
    /// How many messages one channel sends at once.
    pub sending_at_once: usize,
    /// How many messages of one channel are in memory, each way; the rest wait in the queue's table.
    pub waiting_in_memory: usize,
    /// How many rows the operations of one store transaction write, about; one that writes more has one for itself.
    pub group_commit: usize,
    /// How many requests of one account's clients are stored at once; more wait for those.
    pub accepting_at_once: usize,
    /// How many operations wait for the store's writer; more wait at the door.
    pub store_backlog: usize,
    /// How long this process may be silent, where others share its database, before they take its work over.
    pub worker_lease: Duration,
    /// How often this process says that it lives: several times within its lease.
    pub beat_every: Duration,
    /// How long the door waits for a database to store a message before it goes into the spool.
    pub store_patience: Duration,
    /// How many bytes the spool holds of what arrives while the database is away.
    pub spool_bytes: u64,
    /// How many messages and receipts the spool holds.
    pub spool_messages: u64,
    /// How long a session lives after its last turn.
    pub session_lifetime: Duration,
    /// The longest text taken from a channel, in characters.
    pub content_chars: usize,
    /// How many long texts of one sender on one channel wait for parts.
    pub texts_in_parts: usize,
    /// How many bytes their parts have.
    pub bytes_in_parts: usize,
    /// How long a service's step may take, resource calls included.
    pub step_wall: Duration,
    /// How many log lines are kept per service.
    pub service_log_lines: usize,
    /// For how many days steps are kept as they were recorded; 0 records none.
    pub step_record_days: u32,
    /// How often a message is tried while its channel answers "later".
    pub send_attempts: u32,
    /// How long a message is tried while its channel answers "later".
    pub send_for: Duration,
    /// How long `stop` waits for running steps.
    pub drain: Duration,
    /// How much of the disk a SQLite store keeps in reserve, in bytes; a twentieth of what is free at most.
    pub reserve_bytes: u64,
    /// The least free disk space with which the engine takes new messages and calls itself ready, in bytes.
    pub free_disk: u64,
    /// The most pages the store's file may have; `None` leaves it to the disk.
    pub store_pages: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lease_wait: Duration::from_secs(10),
            steps_at_once: 32,
            events_in_memory: 64,
            calls_at_once: 16,
            call_wall: Duration::from_secs(10),
            sending_at_once: 64,
            waiting_in_memory: 1024,
            group_commit: 256,
            accepting_at_once: 256,
            store_backlog: 4096,
            worker_lease: Duration::from_secs(60),
            beat_every: Duration::from_secs(10),
            store_patience: Duration::from_secs(10),
            spool_bytes: 256 << 20,
            spool_messages: 1_000_000,
            session_lifetime: Duration::from_secs(600),
            content_chars: 20_000,
            texts_in_parts: PartLimits::default().groups,
            bytes_in_parts: PartLimits::default().bytes,
            step_wall: Duration::from_secs(30),
            service_log_lines: 1000,
            step_record_days: 7,
            send_attempts: 10,
            send_for: Duration::from_secs(24 * 3600),
            drain: Duration::from_secs(10),
            reserve_bytes: 256 << 20,
            free_disk: 64 << 20,
            store_pages: None,
        }
    }
}

impl Limits {
    /// The same with another lease of this process, and as many beats within it.
    pub fn with_worker_lease(self, worker_lease: Duration) -> Self {
        Self {
            worker_lease,
            beat_every: worker_lease / 6,
            ..self
        }
    }

    /// Those of services and accounts.
    pub(super) fn room(&self) -> RoomLimits {
        RoomLimits {
            steps: self.steps_at_once,
            events: self.events_in_memory,
            calls: self.calls_at_once,
            accepting: self.accepting_at_once,
        }
    }

    /// Those of the spool.
    pub(crate) fn spool(&self) -> SpoolBounds {
        SpoolBounds {
            bytes: self.spool_bytes,
            messages: self.spool_messages,
            group_commit: self.group_commit,
            backlog: self.store_backlog,
        }
    }

    /// Those of the store.
    pub(crate) fn store(&self, choice: StoreChoice, metrics: Arc<Metrics>) -> StoreOptions {
        StoreOptions {
            choice,
            lease_wait: self.lease_wait,
            group_commit: self.group_commit,
            backlog: self.store_backlog,
            max_pages: self.store_pages,
            log_lines: self.service_log_lines,
            step_record_days: self.step_record_days,
            part_limits: PartLimits {
                groups: self.texts_in_parts,
                bytes: self.bytes_in_parts,
                chars: self.content_chars,
            },
            worker_lease: self.worker_lease,
            metrics,
            reserve_bytes: self.reserve_bytes,
            least_free: self.free_disk,
        }
    }
}
