//! People whose messages go to another service for a while, by account, channel and address.

use super::sql::{Db, SqlError, args};
use super::{NO_ACCOUNT, Store, StoreError};
use ngoma_message::{Address, Timestamp};

/// Who gets a person's messages, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandOver {
    /// The service that gets them.
    pub(crate) to: i64,
    /// The service that had them before.
    pub(crate) by: i64,
    pub(crate) reason: Option<String>,
    pub(crate) until: Timestamp,
}

/// One change of who gets the messages of a person on a channel.
#[derive(Clone, Debug)]
pub(crate) struct HandOverChange {
    pub(crate) channel: i64,
    pub(crate) person: Address,
    /// To whom; nothing gives them back.
    pub(crate) begins: Option<HandOver>,
}

impl Store {
    /// Who gets the messages of a person on a channel at that moment, if that is not who its routes lead to.
    pub(crate) async fn hand_over(
        &self,
        account: i64,
        channel: i64,
        person: &Address,
        now: Timestamp,
    ) -> Result<Option<HandOver>, StoreError> {
        let person = person.clone();
        self.read(move |db| {
            let held = db.first(
                "SELECT service, by_service, reason, until FROM hand_over
                WHERE account = ?1 AND channel = ?2 AND address = ?3 AND until > ?4",
                &args![account, channel, &person, now],
            )?;
            let read = |row: super::sql::Row| {
                Ok(HandOver {
                    to: row.get(0)?,
                    by: row.get(1)?,
                    reason: row.get(2)?,
                    until: row.get(3)?,
                })
            };
            held.map(read).transpose()
        })
        .await
    }

    /// Whether anybody's messages of an account go elsewhere.
    pub(crate) async fn has_hand_overs(&self, account: i64) -> Result<bool, StoreError> {
        self.read(move |db| {
            let held = db.first("SELECT 1 FROM hand_over WHERE account = ?1 LIMIT 1", &args![account])?;
            Ok(held.is_some())
        })
        .await
    }

    /// Gives a person's messages back, on every channel, that a service was handed; says on how many channels.
    pub(crate) async fn hand_back(&self, account: i64, service: i64, person: &Address) -> Result<usize, StoreError> {
        let person = person.clone();
        self.write(account, move |db| {
            let held = db.query(
                "SELECT channel FROM hand_over WHERE account = ?1 AND address = ?2 AND service = ?3 ORDER BY channel",
                &args![account, &person, service],
            )?;
            for row in &held {
                give_back(db, account, row.get(0)?, &person)?;
            }
            Ok(held.len())
        })
        .await
    }

    /// Forgets what was handed over until a moment that has come, at most `limit`; says how many.
    pub(crate) async fn expire_hand_overs(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(NO_ACCOUNT, move |db| {
            let over = db.query(
                "SELECT account, channel, address FROM hand_over WHERE until <= ?1 ORDER BY until LIMIT ?2",
                &args![now, limit],
            )?;
            for row in &over {
                let (account, channel, person): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                db.execute(
                    "DELETE FROM hand_over WHERE account = ?1 AND channel = ?2 AND address = ?3 AND until <= ?4",
                    &args![account, channel, person, now],
                )?;
            }
            Ok(over.len())
        })
        .await
    }
}

/// Does the changes of a step, in order.
pub(super) fn change_hand_overs(
    db: &mut dyn Db,
    account: i64,
    changes: &[HandOverChange],
    now: Timestamp,
) -> Result<(), SqlError> {
    for change in changes {
        match &change.begins {
            Some(begins) => begin(db, account, change, begins, now)?,
            None => give_back(db, account, change.channel, &change.person)?,
        }
    }
    Ok(())
}

fn begin(
    db: &mut dyn Db,
    account: i64,
    change: &HandOverChange,
    begins: &HandOver,
    now: Timestamp,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO hand_over (account, channel, address, service, by_service, reason, at, until)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (account, channel, address) DO UPDATE SET service = excluded.service,
            by_service = excluded.by_service, reason = excluded.reason, at = excluded.at, until = excluded.until",
        &args![
            account,
            change.channel,
            &change.person,
            begins.to,
            begins.by,
            &begins.reason,
            now,
            begins.until,
        ],
    )
    .map(drop)
}

/// Gives a person's messages back; a session that is open goes on with who had them before.
fn give_back(db: &mut dyn Db, account: i64, channel: i64, person: &Address) -> Result<(), SqlError> {
    let held = db.first(
        "DELETE FROM hand_over WHERE account = ?1 AND channel = ?2 AND address = ?3 RETURNING service, by_service",
        &args![account, channel, person],
    )?;
    let Some(held) = held else { return Ok(()) };
    let (to, by): (i64, i64) = (held.get(0)?, held.get(1)?);
    db.execute(
        "UPDATE session SET service = ?5, version = NULL
        WHERE account = ?1 AND channel = ?2 AND address = ?3 AND service = ?4 AND is_open = 1",
        &args![account, channel, person, to, by],
    )
    .map(drop)
}
