//! What a queue does: it hands out work that is due to one process at a time, and forgets nothing.

#![cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "what is buried, and put back, is so in the transaction of its message: tests do either by themselves"
    )
)]

use crate::store::{QueueKind, StoreError};
use async_trait::async_trait;
use ngoma_message::{MessageId, Timestamp};

/// Hands out work. Delay, retry, expiry and the order of a person's messages are the store's: whatever a queue loses can
/// be rebuilt from there.
#[async_trait]
pub(crate) trait Queue: Send + Sync {
    /// What it promises.
    fn abilities(&self) -> Abilities;
    /// Puts work in; it says of each whether it is in the queue for good. Work that is in it already stays as it is.
    async fn publish(&self, batch: Vec<Ticket>) -> Result<Vec<Published>, StoreError>;
    /// Takes work of a line that is due, as much as the caller has room for: nobody else gets it until it is given back,
    /// or this process is gone.
    async fn pull(&self, line: Line, now: Timestamp, credit: usize) -> Result<Vec<Lease>, StoreError>;
    /// Ends work. What this process does not have any more is told apart, and left alone.
    async fn ack(&self, leases: &[Lease]) -> Result<Vec<Result<(), LeaseLost>>, StoreError>;
    /// Gives work back, to be due then.
    async fn nak(&self, lease: &Lease, due_at: Timestamp) -> Result<Result<(), LeaseLost>, StoreError>;
    /// Gives work up: it goes to the dead letters, where a person sees it.
    async fn term(&self, lease: &Lease, at: Timestamp, reason: &str) -> Result<Result<(), LeaseLost>, StoreError>;
    /// Keeps what this process has for another while; false when it is lost.
    async fn extend(&self) -> Result<bool, StoreError>;
    /// How much of a line waits, is under way, and is given up.
    async fn depth(&self, line: Line, now: Timestamp) -> Result<Depth, StoreError>;
    /// When it is worth looking at a line again, if that can be told.
    async fn next_due(&self, line: Line) -> Result<Option<Timestamp>, StoreError>;
}

/// What a queue promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// The name used in configuration.
    pub(crate) name: &'static str,
    /// Where what was published is when that is confirmed.
    pub(crate) durability: Durability,
    /// Whether due work waits in the store until a broker has its ticket.
    pub(crate) has_outbox: bool,
}

/// What survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the process: nothing. For tests; `serve` refuses it.
    Nothing,
    /// A loss of power: it is on this machine's disk, or on a database server's.
    Disk,
    /// The loss of a machine: it is on the disks of most of several.
    Majority,
}

/// One line of work: what goes one way on one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub(crate) account: i64,
    pub(crate) channel: i64,
    pub(crate) kind: QueueKind,
}

/// A piece of work as it enters the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) line: Line,
    pub(crate) item: MessageId,
    /// 0 is the most urgent, 3 the least.
    pub(crate) priority: i64,
    pub(crate) due_at: Timestamp,
}

/// What became of a ticket that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// It is in the queue.
    Durable,
    /// It was in it already.
    Duplicate,
}

/// Work this process has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) line: Line,
    pub(crate) item: MessageId,
    /// How often it was tried before.
    pub(crate) attempts: u32,
    /// An attempt was recorded and its outcome never was.
    pub(crate) attempt_open: bool,
    /// An earlier attempt may have sent it.
    pub(crate) may_repeat: bool,
    /// How many channels passed it on to another.
    pub(crate) hops: u32,
    /// What this process is called in its lease: what is done under one that was lost meanwhile changes nothing.
    pub(crate) epoch: i64,
}

/// The work is not this process's any more: it is done, or another process has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease is lost")]
pub(crate) struct LeaseLost;

/// How much there is of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Due, and free to be taken.
    pub(crate) ready: u64,
    /// Due later.
    pub(crate) delayed: u64,
    /// Under way.
    pub(crate) leased: u64,
    /// Given up.
    pub(crate) dead: u64,
    /// Since when the oldest that is ready waits.
    pub(crate) oldest: Option<Timestamp>,
}
