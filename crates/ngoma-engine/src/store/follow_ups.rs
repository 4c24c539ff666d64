//! What follows messages and events: work that waits in a line of its service or account, not of a channel.

use super::events::{StoredEvent, event_of};
use super::inbound::{INBOUND_COLUMNS, InboundMessage, inbound_from};
use super::pull::Pull;
use super::sql::{Db, Dialect, Row, SqlError, args};
use super::work::end;
use super::workers::check_epoch;
use super::{QueueKind, Store, StoreError};
use ngoma_message::{MessageId, Timestamp};

/// Nobody's event waits for another's.
const PRIORITY: i64 = 1;

/// Work that follows a message or an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct FollowUp<'a> {
    pub(super) account: i64,
    /// The event, or the inbound message.
    pub(super) item: &'a MessageId,
    /// Telling it to a service, or to the account's web hook.
    pub(super) kind: QueueKind,
    /// Where it stands in line: the service's number, or the account's.
    pub(super) line: i64,
    /// The message an event is about.
    pub(super) about: Option<&'a MessageId>,
    pub(super) at: Timestamp,
}

/// A line of follow-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FollowUpLine {
    pub(crate) account: i64,
    pub(crate) kind: QueueKind,
    /// The service's number, or the account's.
    pub(crate) number: i64,
}

/// A follow-up this process has leased.
#[derive(Clone, Debug)]
pub(crate) struct TakenFollowUp {
    pub(crate) account: i64,
    pub(crate) item: MessageId,
    pub(crate) kind: QueueKind,
    /// The number of its line: its service, or its account.
    pub(crate) line: i64,
    /// The lease it was taken under.
    pub(crate) lease: i64,
    /// Attempts that were begun before.
    pub(crate) attempts: u32,
    /// When it was first due.
    pub(crate) since: Timestamp,
    pub(crate) subject: Subject,
}

/// What a follow-up is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A person's message.
    Message(Box<InboundMessage>),
    /// What became of a message.
    Event(Box<StoredEvent>),
}

/// Only the first of the events of one message: the next one waits for its end, also while it waits to be tried again.
const FIRST_OF_ITS_MESSAGE: &str = "AND NOT EXISTS (SELECT 1 FROM work AS e WHERE e.account = w.account
    AND e.kind = w.kind AND e.about = w.about AND e.item < w.item)";

impl Store {
    /// When the next free follow-up of a line is due; nothing when there is none.
    pub(crate) async fn next_follow_up(&self, line: FollowUpLine) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT w.due_at FROM work AS w WHERE w.lease = 0 AND w.published = 0 AND w.account = ?1
                AND w.kind = ?2 AND w.channel = ?3 AND w.priority = ?4 {} ORDER BY w.due_at LIMIT 1",
                order_of(line.kind)
            );
            let found = db.first(&sql, &args![line.account, line.kind.number(), line.number, PRIORITY])?;
            found.map(|row| row.get(0)).transpose()
        })
        .await
    }

    /// Leases to this process what is due in a line, the oldest first. What has lost its message or event is ended.
    pub(crate) async fn pull_follow_ups(
        &self,
        line: FollowUpLine,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<TakenFollowUp>, StoreError> {
        let epoch = self.epoch();
        let pull = Pull::of(line.account, line.kind, epoch);
        let noted = pull.clone();
        let pulled = self.write(line.account, move |db| {
            check_epoch(db, epoch)?;
            let mut taken = Vec::new();
            for row in lease(db, line, now, limit, epoch)? {
                match read(db, line, &row, epoch)? {
                    Some(follow_up) => taken.push(follow_up),
                    None => end(db, line.account, &row.get(1)?, line.kind)?,
                }
            }
            noted.note(taken.iter().map(|follow_up| follow_up.item.clone()));
            Ok(taken)
        });
        self.settled(pull, pulled.await)
    }
}

/// Puts a follow-up into its line. One that is there is left as it is.
pub(super) fn follow(db: &mut dyn Db, follow_up: &FollowUp<'_>) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO work (account, item, kind, channel, priority, due_at, since, about)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) ON CONFLICT DO NOTHING",
        &args![
            follow_up.account,
            follow_up.item,
            follow_up.kind.number(),
            follow_up.line,
            PRIORITY,
            follow_up.at,
            follow_up.about,
        ],
    )
    .map(drop)
}

/// Ends the events that wait for a service that wants none any more.
pub(super) fn forget_events(db: &mut dyn Db, account: i64, service: &str) -> Result<(), SqlError> {
    db.execute(
        "DELETE FROM work WHERE account = ?1 AND kind = ?2 AND lease = 0
        AND channel = (SELECT id FROM service WHERE account = ?1 AND name = ?3)",
        &args![account, QueueKind::Event.number(), service],
    )
    .map(drop)
}

fn order_of(kind: QueueKind) -> &'static str {
    match kind {
        QueueKind::Event => FIRST_OF_ITS_MESSAGE,
        _ => "",
    }
}

fn lease(db: &mut dyn Db, line: FollowUpLine, now: Timestamp, limit: usize, epoch: i64) -> Result<Vec<Row>, SqlError> {
    let due = format!(
        "SELECT w.item FROM work AS w WHERE w.lease = 0 AND w.published = 0 AND w.account = ?1 AND w.kind = ?2
        AND w.channel = ?3 AND w.priority = ?4 AND w.due_at <= ?5 {} ORDER BY w.due_at, w.item LIMIT ?6",
        order_of(line.kind)
    );
    let chosen = match db.dialect() {
        Dialect::Sqlite => format!("item IN ({due})"),
        Dialect::Postgres => format!("item = ANY (ARRAY({due} FOR UPDATE OF w SKIP LOCKED))"),
    };
    let sql = format!(
        "UPDATE work SET lease = ?7 WHERE account = ?1 AND kind = ?2 AND {chosen}
        RETURNING due_at, item, attempts, since, about"
    );
    let kind = line.kind.number();
    let mut rows = db.query(
        &sql,
        &args![line.account, kind, line.number, PRIORITY, now, limit, epoch],
    )?;
    rows.sort_by_key(|row| (row.get::<Timestamp>(0).ok(), row.get::<MessageId>(1).ok()));
    Ok(rows)
}

fn read(db: &mut dyn Db, line: FollowUpLine, row: &Row, lease: i64) -> Result<Option<TakenFollowUp>, SqlError> {
    let item: MessageId = row.get(1)?;
    let about: Option<MessageId> = row.get(4)?;
    let subject = match about {
        Some(about) => event_of(db, line.account, &about, &item)?.map(|event| Subject::Event(Box::new(event))),
        None => message_of(db, line.account, &item)?.map(|message| Subject::Message(Box::new(message))),
    };
    let Some(subject) = subject else { return Ok(None) };
    Ok(Some(TakenFollowUp {
        account: line.account,
        item,
        kind: line.kind,
        line: line.number,
        lease,
        attempts: row.get(2)?,
        since: row.get::<Option<Timestamp>>(3)?.unwrap_or(row.get(0)?),
        subject,
    }))
}

fn message_of(db: &mut dyn Db, account: i64, id: &MessageId) -> Result<Option<InboundMessage>, SqlError> {
    let sql = format!("SELECT {INBOUND_COLUMNS} FROM message AS m WHERE m.account = ?1 AND m.id = ?2");
    db.first(&sql, &args![account, id])?
        .map(|row| inbound_from(&row, 0))
        .transpose()
}
