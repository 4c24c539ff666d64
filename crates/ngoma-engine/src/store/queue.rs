//! The queue's rows: work that waits, and work that is under way in this process.

use super::inbound::{INBOUND_COLUMNS, InboundMessage, inbound_from};
use super::outcomes::{OUTBOUND_COLUMNS, outbound_from};
use super::steps::{NewOutbound, Publish};
use super::writer::OpError;
use super::{Store, StoreError};
use crate::channel::Outbound;
use ngoma_message::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::Duration;

/// Which way a queued message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueKind {
    /// To a service.
    Inbound,
    /// To a carrier.
    Outbound,
}

/// An inbound message this process has taken from the queue.
#[derive(Clone, Debug)]
pub(crate) struct PulledInbound {
    pub(crate) seq: i64,
    pub(crate) message: InboundMessage,
}

/// An outbound message this process has taken from the queue, or keeps from its acceptance.
#[derive(Clone, Debug)]
pub(crate) struct PulledOutbound {
    pub(crate) seq: i64,
    /// The message its trace hangs on.
    pub(crate) root: i64,
    pub(crate) message: Outbound,
    pub(crate) created_at: Timestamp,
    /// An attempt was recorded and its outcome never was: it may have been sent.
    pub(crate) attempt_open: bool,
}

impl PulledOutbound {
    /// A message as it was accepted just now.
    pub(crate) fn accepted(seq: i64, root: i64, message: NewOutbound, created_at: Timestamp) -> Self {
        Self {
            seq,
            root,
            message: Outbound {
                id: message.id,
                to: message.to,
                from: message.from,
                content: message.content.unwrap_or_default(),
                in_reply_to: message.in_reply_to,
                session_event: message.session_event,
                attempts: 0,
            },
            created_at,
            attempt_open: false,
        }
    }
}

impl Store {
    /// Leases to this process what is due on a channel, oldest first.
    pub(crate) async fn pull_inbound(
        &self,
        channel: i64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<PulledInbound>, StoreError> {
        let sql = format!("SELECT m.seq, {INBOUND_COLUMNS} FROM message AS m WHERE m.seq = ?1");
        self.pull(QueueKind::Inbound, channel, now, limit, sql, |row| {
            Ok(PulledInbound {
                seq: row.get(0)?,
                message: inbound_from(row, 1)?,
            })
        })
        .await
    }

    /// Leases to this process what is due to go out by a channel, oldest first.
    pub(crate) async fn pull_outbound(
        &self,
        channel: i64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<PulledOutbound>, StoreError> {
        let sql = format!(
            "SELECT m.seq, {OUTBOUND_COLUMNS} FROM message AS m JOIN queue AS q ON q.message = m.seq WHERE m.seq = ?1"
        );
        self.pull(QueueKind::Outbound, channel, now, limit, sql, outbound_from)
            .await
    }

    /// When the next free work of a channel is due; nothing when there is none.
    pub(crate) fn next_due(&self, kind: QueueKind, channel: i64) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT due_at FROM queue WHERE lease = 0 AND kind = ?1 AND channel = ?2 ORDER BY due_at LIMIT 1",
            )?
            .query_row((kind as i64, channel), |row| row.get(0).map(Timestamp::from_micros))
            .optional()
        })
    }

    /// Makes free work due no later than it can be by this clock: at once before its first attempt, else after the
    /// longest wait there is.
    pub(crate) async fn draw_near(&self, now: Timestamp, longest_wait: Duration) -> Result<(), StoreError> {
        let latest = (now + longest_wait).micros();
        self.write(move |db| {
            db.prepare_cached("UPDATE queue SET due_at = ?1 WHERE lease = 0 AND attempts = 0 AND due_at > ?1")?
                .execute([now.micros()])?;
            db.prepare_cached("UPDATE queue SET due_at = ?1 WHERE lease = 0 AND due_at > ?1")?
                .execute([latest])?;
            Ok(())
        })
        .await
    }

    async fn pull<T: Send + 'static>(
        &self,
        kind: QueueKind,
        channel: i64,
        now: Timestamp,
        limit: usize,
        select: String,
        read: impl Fn(&Row<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        let epoch = self.shared.epoch;
        self.write(move |db| {
            let due = due(db, kind, channel, now, limit)?;
            let mut pulled = Vec::with_capacity(due.len());
            for seq in due {
                db.prepare_cached("UPDATE queue SET lease = ?2 WHERE message = ?1")?
                    .execute((seq, epoch))?;
                pulled.push(db.prepare_cached(&select)?.query_row([seq], &read)?);
            }
            Ok(pulled)
        })
        .await
    }
}

fn due(
    db: &Connection,
    kind: QueueKind,
    channel: i64,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<i64>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT message FROM queue WHERE lease = 0 AND kind = ?1 AND channel = ?2 AND due_at <= ?3
        ORDER BY due_at, message LIMIT ?4",
    )?
    .query_map(
        (
            kind as i64,
            channel,
            now.micros(),
            i64::try_from(limit).unwrap_or(i64::MAX),
        ),
        |row| row.get(0),
    )?
    .collect()
}

/// Puts a message into the queue.
pub(super) fn enqueue(
    db: &Connection,
    seq: i64,
    kind: QueueKind,
    channel: i64,
    due_at: Timestamp,
    publish: Publish,
    epoch: i64,
) -> Result<(), OpError> {
    let lease = if publish == Publish::Free { 0 } else { epoch };
    let attempt_at = (publish == Publish::Attempted).then(|| due_at.micros());
    let attempts = i64::from(publish == Publish::Attempted);
    db.prepare_cached(
        "INSERT INTO queue (message, kind, channel, due_at, lease, attempts, attempt_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((seq, kind as i64, channel, due_at.micros(), lease, attempts, attempt_at))?;
    Ok(())
}

/// Takes a message out of the queue: its work is done.
pub(super) fn dequeue(db: &Connection, seq: i64) -> Result<(), OpError> {
    db.prepare_cached("DELETE FROM queue WHERE message = ?1")?
        .execute([seq])?;
    Ok(())
}
