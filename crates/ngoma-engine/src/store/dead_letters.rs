//! What was given up: kept with its reason until a person has it tried again.

use super::inbound::stored_address;
use super::sql::{Db, Row, SqlError, args};
use super::work::Ended;
use super::{QueueKind, Store, StoreError};
use crate::record::{DeadLetterKind, DeadLetterRecord, Status};
use ngoma_message::{MessageId, Timestamp};

impl Store {
    /// What was given up of an account, the latest first.
    pub(crate) async fn dead_letters(&self, account: &str, limit: usize) -> Result<Vec<DeadLetterRecord>, StoreError> {
        let account = account.to_owned();
        self.read_slow(move |db| {
            let sql = "SELECT a.code, d.item, d.kind, coalesce(d.about, d.item), d.at, d.attempts, d.reason, m.address,
                c.name, v.name
                FROM account AS a JOIN dead_letter AS d ON d.account = a.id
                LEFT JOIN message AS m ON m.account = d.account AND m.id = coalesce(d.about, d.item)
                LEFT JOIN channel AS c ON c.id = m.channel LEFT JOIN service AS v ON v.id = m.service
                WHERE a.code = ?1 ORDER BY d.item DESC, d.kind LIMIT ?2";
            db.query(sql, &args![&account, limit])?
                .iter()
                .map(record_from)
                .collect()
        })
        .await
    }

    /// Puts a dead letter back to where it waits for its first attempt; false when there is none.
    pub(crate) async fn replay_dead_letter(
        &self,
        account: &str,
        kind: DeadLetterKind,
        item: MessageId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let account = account.to_owned();
        self.write(super::NO_ACCOUNT, move |db| {
            let Some(account) = number_of(db, &account)? else {
                return Ok(false);
            };
            Ok(replay(db, account, kind, &item, now)?)
        })
        .await
    }

    /// Puts back at most `limit` of what was given up until that moment; says how many.
    pub(crate) async fn replay_dead_letters(
        &self,
        account: &str,
        kind: DeadLetterKind,
        until: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let account = account.to_owned();
        self.write(super::NO_ACCOUNT, move |db| {
            let Some(account) = number_of(db, &account)? else {
                return Ok(0);
            };
            let given_up = db.query(
                "SELECT item FROM dead_letter WHERE account = ?1 AND kind = ?2 AND at <= ?3 ORDER BY item LIMIT ?4",
                &args![account, kind.number(), until, limit],
            )?;
            for row in &given_up {
                replay(db, account, kind, &row.get(0)?, until)?;
            }
            Ok(given_up.len())
        })
        .await
    }
}

/// Moves work this process has leased to the dead letters.
pub(super) fn give_up(
    db: &mut dyn Db,
    account: i64,
    item: &MessageId,
    kind: QueueKind,
    letter: Letter<'_>,
    lease: i64,
) -> Result<Ended, SqlError> {
    let held = db.first(
        "SELECT lease, channel, priority, about, attempts FROM work WHERE account = ?1 AND item = ?2 AND kind = ?3",
        &args![account, item, kind.number()],
    )?;
    let Some(held) = held else { return Ok(Ended::Before) };
    if held.get::<i64>(0)? != lease {
        return Ok(Ended::LeaseLost);
    }
    let (channel, priority): (i64, i64) = (held.get(1)?, held.get(2)?);
    let about: Option<MessageId> = held.get(3)?;
    db.execute(
        "INSERT INTO dead_letter (account, item, kind, channel, priority, attempts, at, reason, about)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (account, item, kind) DO UPDATE
        SET attempts = excluded.attempts, at = excluded.at, reason = excluded.reason",
        &args![
            account,
            item,
            kind.number(),
            channel,
            priority,
            letter
                .attempts
                .map_or_else(|| held.get(4), |attempts| Ok(i64::from(attempts)))?,
            letter.at,
            letter.reason,
            about.as_ref()
        ],
    )?;
    super::work::end(db, account, item, kind)?;
    Ok(Ended::Done)
}

/// What is told of work that is given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter<'a> {
    /// How many attempts there were, if not as many as are recorded.
    pub(super) attempts: Option<u32>,
    pub(super) at: Timestamp,
    pub(super) reason: &'a str,
}

fn number_of(db: &mut dyn Db, account: &str) -> Result<Option<i64>, SqlError> {
    let row = db.first("SELECT id FROM account WHERE code = ?1", &args![account])?;
    row.map(|row| row.get(0)).transpose()
}

/// A person asks for it, so here alone a message's status goes back: it waits again.
fn replay(
    db: &mut dyn Db,
    account: i64,
    kind: DeadLetterKind,
    item: &MessageId,
    now: Timestamp,
) -> Result<bool, SqlError> {
    let taken = db.first(
        "DELETE FROM dead_letter WHERE account = ?1 AND item = ?2 AND kind = ?3 RETURNING channel, priority, about",
        &args![account, item, kind.number()],
    )?;
    let Some(taken) = taken else { return Ok(false) };
    let (channel, priority): (i64, i64) = (taken.get(0)?, taken.get(1)?);
    let about: Option<MessageId> = taken.get(2)?;
    let waits_as = match kind {
        DeadLetterKind::Inbound => Some(Status::Received),
        DeadLetterKind::Outbound => Some(Status::Queued),
        DeadLetterKind::Event | DeadLetterKind::Webhook => None,
    };
    if let Some(status) = waits_as {
        db.execute(
            "UPDATE message SET status = ?3, reason = NULL WHERE account = ?1 AND id = ?2",
            &args![account, item, status],
        )?;
    }
    db.execute(
        "INSERT INTO work (account, item, kind, channel, priority, due_at, since, about)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) ON CONFLICT DO NOTHING",
        &args![account, item, kind.number(), channel, priority, now, about.as_ref()],
    )?;
    Ok(true)
}

fn record_from(row: &Row) -> Result<DeadLetterRecord, SqlError> {
    Ok(DeadLetterRecord {
        account: row.get(0)?,
        item: row.get(1)?,
        kind: DeadLetterKind::from_number(row.get(2)?),
        message: row.get(3)?,
        at: row.get(4)?,
        attempts: row.get(5)?,
        reason: row.get(6)?,
        address: row.get::<Option<String>>(7)?.map(|address| stored_address(&address)),
        channel: row.get(8)?,
        service: row.get(9)?,
    })
}

impl DeadLetterKind {
    /// The number the store holds: that of the work it was.
    fn number(self) -> i64 {
        let kind = match self {
            Self::Inbound => QueueKind::Inbound,
            Self::Outbound => QueueKind::Outbound,
            Self::Event => QueueKind::Event,
            Self::Webhook => QueueKind::Webhook,
        };
        kind.number()
    }

    fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Inbound,
            1 => Self::Outbound,
            2 => Self::Event,
            _ => Self::Webhook,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_stored_as_the_work_it_was() {
        use DeadLetterKind::*;
        for kind in [Inbound, Outbound, Event, Webhook] {
            assert_eq!(DeadLetterKind::from_number(kind.number()), kind);
        }
    }
}
