//! Messages a client hands over: stored together with their places in the queue, all or none.

use super::backend::OpError;
use super::partitions::IDEMPOTENCY_DAYS;
use super::queries::append_trace;
use super::sessions::close_session;
use super::sql::{Db, SqlError, args};
use super::steps::{NewOutbound, insert_outbound};
use super::{Store, StoreError};
use crate::trace::Trail;
use ngoma_message::{MessageId, Timestamp};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What a client hands over with one request.
#[derive(Clone, Debug)]
pub(crate) struct Acceptance {
    pub(crate) account: i64,
    pub(crate) messages: Vec<NewOutbound>,
    pub(crate) at: Timestamp,
    /// The lease under which this process has those it goes on with at once.
    pub(crate) lease: i64,
    /// The client's own key for the request and a hash of what it asked.
    pub(crate) idempotency: Option<(String, Vec<u8>)>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AcceptResult {
    /// Its messages are durable.
    Accepted,
    /// It came before: the ids its messages have had since, in order.
    Known(Vec<MessageId>),
    /// Its key came before with another request.
    KeyTaken,
}

/// A message of an application that works beside the engine: an answer, or a message to somebody.
#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    /// The message, known by its key as a client's request is.
    pub(crate) acceptance: Acceptance,
    /// The message it answers.
    pub(crate) root: Option<MessageId>,
    /// The channel and the key of the session that ends with it.
    pub(crate) ends_session: Option<(i64, String)>,
    pub(crate) trail: Trail,
}

impl Store {
    /// Stores a client's messages. When this returns they are durable, all of them, or none is.
    pub(crate) async fn accept(&self, acceptance: Acceptance) -> Result<AcceptResult, StoreError> {
        let submitted = Submitted {
            acceptance,
            root: None,
            ends_session: None,
            trail: Trail::default(),
        };
        self.accept_submitted(submitted).await
    }

    /// Stores what an application handed over. When this returns it is durable.
    pub(crate) async fn accept_submitted(&self, submitted: Submitted) -> Result<AcceptResult, StoreError> {
        let acceptance = &submitted.acceptance;
        let shelf = self.shelf(acceptance.messages.len(), acceptance.at);
        let channels: Vec<Option<i64>> = acceptance.messages.iter().map(|message| message.channel).collect();
        let storing = self.write_rows(acceptance.account, channels.len(), move |db| {
            let acceptance = &submitted.acceptance;
            if let Some((key, request)) = &acceptance.idempotency
                && let Some(known) = note_request(db, acceptance, key, request)?
            {
                return Ok(known);
            }
            let root = submitted.root.as_ref();
            insert_outbound(db, &acceptance.messages, root, acceptance.at, acceptance.lease, shelf)?;
            end_session_and_trace(db, &submitted)?;
            Ok(AcceptResult::Accepted)
        });
        let result = storing.await?;
        if result == AcceptResult::Accepted {
            self.inner.metrics.note_accepted(&channels);
        }
        Ok(result)
    }
}

fn end_session_and_trace(db: &mut dyn Db, submitted: &Submitted) -> Result<(), SqlError> {
    let account = submitted.acceptance.account;
    if let Some((channel, key)) = &submitted.ends_session {
        close_session(db, account, *channel, key)?;
    }
    let first = submitted.acceptance.messages.first().map(|message| &message.id);
    match submitted.root.as_ref().or(first) {
        Some(about) if !submitted.trail.is_empty() => append_trace(db, account, about, &submitted.trail),
        _ => Ok(()),
    }
}

/// Notes a request under its client's key; gives what became of it when it came before.
fn note_request(
    db: &mut dyn Db,
    acceptance: &Acceptance,
    key: &str,
    request: &[u8],
) -> Result<Option<AcceptResult>, OpError> {
    let (account, today) = (acceptance.account, acceptance.at.micros().div_euclid(MICROS_PER_DAY));
    for day in (today - IDEMPOTENCY_DAYS..=today + 1).rev() {
        if let Some(known) = known_request(db, account, day, key, request)? {
            return Ok(Some(known));
        }
    }
    let ids: Vec<&str> = acceptance.messages.iter().map(|message| message.id.as_str()).collect();
    let noted = db.execute(
        "INSERT INTO idempotency (account, day, key, request, ids) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        &args![account, today, key, request, ids.join(" ")],
    )?;
    match noted {
        1 => Ok(None),
        // Another process noted it a moment ago.
        _ => Ok(known_request(db, account, today, key, request)?),
    }
}

fn known_request(
    db: &mut dyn Db,
    account: i64,
    day: i64,
    key: &str,
    request: &[u8],
) -> Result<Option<AcceptResult>, SqlError> {
    let row = db.first(
        "SELECT request, ids FROM idempotency WHERE account = ?1 AND day = ?2 AND key = ?3",
        &args![account, day, key],
    )?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<Vec<u8>>(0)? != request {
        return Ok(Some(AcceptResult::KeyTaken));
    }
    let ids: String = row.get(1)?;
    Ok(Some(AcceptResult::Known(ids.split(' ').map(MessageId::from).collect())))
}
