//! The rows of work: what waits, and what is under way in some process.

use super::inbound::{INBOUND_COLUMNS, InboundMessage, inbound_from};
use super::outcomes::{OUTBOUND_COLUMNS, outbound_from};
use super::sql::{Db, Dialect, Insert, Param, Row, SqlError, args};
use super::steps::{NewOutbound, Publish};
use super::{Store, StoreError};
use crate::channel::Outbound;
use ngoma_message::{MessageId, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

/// How many ids one query asks for, smallest first: few sizes, so that few statements are prepared.
const IDS_AT_ONCE: [usize; 3] = [1, 8, 64];

/// What kind of work waits. The numbers are what the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum QueueKind {
    /// A message to a service.
    Inbound,
    /// A message to a carrier.
    Outbound,
    /// An event to the service whose message it is about.
    Event,
    /// A message or an event to the account's web hook.
    Webhook,
}

/// An inbound message this process has taken from the queue.
#[derive(Clone, Debug)]
pub(crate) struct PulledInbound {
    pub(crate) message: InboundMessage,
    /// How many of its steps may have begun, each in a process that ended.
    pub(crate) attempts: u32,
}

/// An outbound message this process has taken from the queue, or keeps from its acceptance.
#[derive(Clone, Debug)]
pub(crate) struct PulledOutbound {
    pub(crate) account: i64,
    /// The inbound message it came of, which its trace hangs on.
    pub(crate) root: Option<MessageId>,
    pub(crate) message: Outbound,
    pub(crate) created_at: Timestamp,
    /// When it is of no use any more.
    pub(crate) expires_at: Option<Timestamp>,
    /// An attempt was recorded and its outcome never was: it may have been sent.
    pub(crate) attempt_open: bool,
    /// The person does not want messages of the account.
    pub(crate) is_opted_out: bool,
}

impl PulledOutbound {
    /// A message as it was accepted just now.
    pub(crate) fn accepted(root: MessageId, message: NewOutbound, created_at: Timestamp) -> Self {
        Self {
            account: message.account,
            root: Some(root),
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
            expires_at: message.expires_at,
            attempt_open: false,
            is_opted_out: false,
        }
    }
}

/// A piece of work as it enters the queue.
#[derive(Clone, Debug)]
pub(super) struct NewWork<'a> {
    pub(super) account: i64,
    pub(super) item: &'a MessageId,
    pub(super) kind: QueueKind,
    pub(super) channel: i64,
    pub(super) priority: i64,
    pub(super) due_at: Timestamp,
    pub(super) publish: Publish,
}

/// A piece of work as it was leased.
struct Leased {
    item: MessageId,
    attempts: u32,
    attempt_open: bool,
}

impl Store {
    /// Leases to this process what is due on a channel, the most urgent and oldest first.
    pub(crate) async fn pull_inbound(
        &self,
        account: i64,
        channel: i64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<PulledInbound>, StoreError> {
        let epoch = self.inner.epoch;
        self.write(account, move |db| {
            let leased = lease_due(db, account, QueueKind::Inbound, channel, now, limit, epoch)?;
            let rows = by_ids(db, account, INBOUND_COLUMNS, &leased)?;
            Ok(in_order(&leased, rows, |row, leased| {
                Ok(PulledInbound {
                    message: inbound_from(row, 0)?,
                    attempts: leased.attempts,
                })
            })?)
        })
        .await
    }

    /// Leases to this process what is due to go out by a channel, the most urgent and oldest first.
    pub(crate) async fn pull_outbound(
        &self,
        account: i64,
        channel: i64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<PulledOutbound>, StoreError> {
        let epoch = self.inner.epoch;
        self.write(account, move |db| {
            let leased = lease_due(db, account, QueueKind::Outbound, channel, now, limit, epoch)?;
            let rows = by_ids(db, account, OUTBOUND_COLUMNS, &leased)?;
            Ok(in_order(&leased, rows, |row, leased| {
                outbound_from(row, leased.attempts, leased.attempt_open)
            })?)
        })
        .await
    }

    /// When the next free work of a channel is due; nothing when there is none.
    pub(crate) async fn next_due(&self, kind: QueueKind, channel: i64) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |db| {
            let mut next: Option<Timestamp> = None;
            for priority in 0..PRIORITIES {
                let found = db.first(
                    "SELECT due_at FROM work WHERE lease = 0 AND published = 0 AND kind = ?1 AND channel = ?2
                    AND priority = ?3 ORDER BY due_at LIMIT 1",
                    &args![kind.number(), channel, priority],
                )?;
                if let Some(due) = found.map(|row| row.get(0)).transpose()? {
                    next = Some(next.map_or(due, |held| held.min(due)));
                }
            }
            Ok(next)
        })
        .await
    }

    /// Makes free work due no later than it can be by this clock: at once before its first attempt or when it never
    /// waits, else after the longest wait there is.
    pub(crate) async fn draw_near(&self, now: Timestamp, longest_wait: Duration) -> Result<(), StoreError> {
        let latest = now + longest_wait;
        self.write(super::NO_ACCOUNT, move |db| {
            db.execute(
                "UPDATE work SET due_at = ?1 WHERE lease = 0 AND (attempts = 0 OR kind = 0) AND due_at > ?1",
                &args![now],
            )?;
            db.execute(
                "UPDATE work SET due_at = ?1 WHERE lease = 0 AND due_at > ?1",
                &args![latest],
            )?;
            Ok(())
        })
        .await
    }
}

/// How many levels of priority there are.
const PRIORITIES: i64 = 4;

impl QueueKind {
    /// The number the store holds.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Inbound => 0,
            Self::Outbound => 1,
            Self::Event => 2,
            Self::Webhook => 3,
        }
    }
}

/// Leases what is due; on PostgreSQL what another process is just leasing is passed over.
fn lease_due(
    db: &mut dyn Db,
    account: i64,
    kind: QueueKind,
    channel: i64,
    now: Timestamp,
    limit: usize,
    epoch: i64,
) -> Result<Vec<Leased>, SqlError> {
    let due = "SELECT item FROM work WHERE lease = 0 AND published = 0 AND account = ?1 AND kind = ?2 AND channel = ?3
        AND priority = ?7 AND due_at <= ?4 ORDER BY due_at, item LIMIT ?5";
    let chosen = match db.dialect() {
        Dialect::Sqlite => format!("item IN ({due})"),
        // As an array it is found once, whatever the planner thinks.
        Dialect::Postgres => format!("item = ANY (ARRAY({due} FOR UPDATE SKIP LOCKED))"),
    };
    let sql = format!(
        "UPDATE work SET lease = ?6 WHERE account = ?1 AND kind = ?2 AND {chosen}
        RETURNING due_at, item, attempts, attempt_at"
    );
    let mut leased = Vec::new();
    for priority in 0..PRIORITIES {
        let room = limit.saturating_sub(leased.len());
        if room == 0 {
            break;
        }
        let mut rows = db.query(
            &sql,
            &args![account, kind.number(), channel, now, room, epoch, priority],
        )?;
        // The order rows come back in is nobody's promise.
        rows.sort_by_key(|row| (row.get::<Timestamp>(0).ok(), row.get::<MessageId>(1).ok()));
        for row in rows {
            leased.push(Leased {
                item: row.get(1)?,
                attempts: row.get(2)?,
                attempt_open: row.get::<Option<Timestamp>>(3)?.is_some(),
            });
        }
    }
    Ok(leased)
}

/// The messages of these ids; the last column is the id.
fn by_ids(db: &mut dyn Db, account: i64, columns: &str, leased: &[Leased]) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::with_capacity(leased.len());
    let mut rest = leased;
    while !rest.is_empty() {
        let size = IDS_AT_ONCE.into_iter().find(|size| rest.len() <= *size).unwrap_or(64);
        let (now, later) = rest.split_at(rest.len().min(size));
        let places: Vec<String> = (2..size + 2).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "SELECT {columns}, m.id FROM message AS m WHERE m.account = ?1 AND m.id IN ({})",
            places.join(", ")
        );
        let mut params = vec![Param::from(account)];
        params.extend(now.iter().map(|leased| Param::from(&leased.item)));
        params.resize(size + 1, Param::Null);
        rows.extend(db.query(&sql, &params)?);
        rest = later;
    }
    Ok(rows)
}

/// What was read of the rows, in the order of the leases. A message whose row is gone is left out.
fn in_order<T>(
    leased: &[Leased],
    rows: Vec<Row>,
    read: impl Fn(&Row, &Leased) -> Result<T, SqlError>,
) -> Result<Vec<T>, SqlError> {
    let mut by_id: HashMap<MessageId, Row> = HashMap::with_capacity(rows.len());
    for row in rows {
        by_id.insert(row.last()?, row);
    }
    leased
        .iter()
        .filter_map(|leased| by_id.get(&leased.item).map(|row| read(row, leased)))
        .collect()
}

/// Puts work into the queue. What is in it already is left as it is.
pub(super) fn enqueue(db: &mut dyn Db, work: &[NewWork<'_>], epoch: i64) -> Result<(), SqlError> {
    let insert = Insert {
        into: "work (account, item, kind, channel, priority, due_at, lease, attempts, attempt_at)",
        columns: 9,
        tail: "ON CONFLICT DO NOTHING",
    };
    let rows: Vec<Vec<Param<'_>>> = work
        .iter()
        .map(|work| {
            let is_attempted = work.publish == Publish::Attempted;
            let lease = if work.publish == Publish::Free { 0 } else { epoch };
            let attempt_at = is_attempted.then_some(work.due_at);
            let kind = work.kind.number();
            args![
                work.account,
                work.item,
                kind,
                work.channel,
                work.priority,
                work.due_at,
                lease,
                is_attempted,
                attempt_at
            ]
            .into()
        })
        .collect();
    db.insert(insert, &rows).map(drop)
}

/// What became of the work somebody wants to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was this process's, and is gone.
    Done,
    /// It was gone already.
    Before,
    /// Another process has it: the lease was lost.
    LeaseLost,
}

/// Ends work this process has leased.
pub(super) fn finish(
    db: &mut dyn Db,
    account: i64,
    item: &MessageId,
    kind: QueueKind,
    epoch: i64,
) -> Result<Ended, SqlError> {
    let ended = db.execute(
        "DELETE FROM work WHERE account = ?1 AND item = ?2 AND kind = ?3 AND lease = ?4",
        &args![account, item, kind.number(), epoch],
    )?;
    if ended == 1 {
        return Ok(Ended::Done);
    }
    let held = db.first(
        "SELECT 1 FROM work WHERE account = ?1 AND item = ?2 AND kind = ?3",
        &args![account, item, kind.number()],
    )?;
    Ok(if held.is_some() {
        Ended::LeaseLost
    } else {
        Ended::Before
    })
}

/// Ends work whoever has it: nothing is left to do.
pub(super) fn end(db: &mut dyn Db, account: i64, item: &MessageId, kind: QueueKind) -> Result<(), SqlError> {
    db.execute(
        "DELETE FROM work WHERE account = ?1 AND item = ?2 AND kind = ?3",
        &args![account, item, kind.number()],
    )
    .map(drop)
}
