//! The rows of work: what waits, and what is under way in some process.

use super::sql::{Db, Insert, Param, SqlError, args};
use super::steps::{NewOutbound, Publish};
use crate::channel::Outbound;
use ngoma_message::{MessageId, Timestamp};

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

/// An outbound message this process has taken from the queue, or keeps from its acceptance.
#[derive(Clone, Debug)]
pub(crate) struct PulledOutbound {
    pub(crate) account: i64,
    /// The lease it was taken under.
    pub(crate) lease: i64,
    /// The inbound message it came of, which its trace hangs on.
    pub(crate) root: Option<MessageId>,
    pub(crate) message: Outbound,
    pub(crate) created_at: Timestamp,
    /// When it is of no use any more.
    pub(crate) expires_at: Option<Timestamp>,
    /// An attempt was recorded and its outcome never was: it may have been sent.
    pub(crate) attempt_open: bool,
    /// An earlier attempt may have sent it.
    pub(crate) may_repeat: bool,
    /// How many channels passed it on to another.
    pub(crate) hops: u32,
    /// 0 is the most urgent, 3 the least.
    pub(crate) priority: i64,
    /// Whether the person does not want messages of the account, where that is known.
    pub(crate) is_opted_out: Option<bool>,
}

impl PulledOutbound {
    /// A message as it was accepted just now.
    pub(crate) fn accepted(root: Option<MessageId>, message: NewOutbound, created_at: Timestamp, lease: i64) -> Self {
        Self {
            account: message.account,
            lease,
            root,
            message: Outbound {
                id: message.id,
                to: message.to,
                from: message.from,
                content: message.content.unwrap_or_default(),
                whole: None,
                in_reply_to: message.in_reply_to,
                session_event: message.session_event,
                attempts: 0,
                part: None,
                helper_metadata: message.helper_metadata,
            },
            created_at,
            expires_at: message.expires_at,
            attempt_open: false,
            may_repeat: false,
            hops: 0,
            priority: message.priority,
            is_opted_out: None,
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

impl QueueKind {
    /// What waits on a channel, and may be handed out by a broker.
    pub(crate) const OF_CHANNELS: [Self; 2] = [Self::Inbound, Self::Outbound];
    /// What waits in a line of its service or account.
    pub(crate) const OF_FOLLOW_UPS: [Self; 2] = [Self::Event, Self::Webhook];

    /// The number the store holds.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Inbound => 0,
            Self::Outbound => 1,
            Self::Event => 2,
            Self::Webhook => 3,
        }
    }

    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Event => "event",
            Self::Webhook => "webhook",
        }
    }

    /// The kind of a word, of those that wait on channels: a broker's tickets name no others.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::OF_CHANNELS.into_iter().find(|kind| kind.as_str() == word)
    }
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
    db.insert_unasked(insert, &rows)
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
