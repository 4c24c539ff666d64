//! The parts of a message that is sent in several: each has its status, its carrier's id and its receipts.

use super::backend::OpError;
use super::outcomes::{OutcomeWrite, begin, note_possible_duplicate};
use super::receipts::know_carrier_id;
use super::sql::{Db, Insert, Param, SqlError, args};
use super::{Store, StoreError};
use crate::record::Status;
use ngoma_message::{MessageId, Timestamp};

/// What an attempt to send one part brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartOutcome {
    /// Its place, from 1.
    pub(crate) number: u8,
    /// `sent`, `failed`, `unknown`, or `queued` when it is tried again.
    pub(crate) status: Status,
    /// The id the provider gave it.
    pub(crate) provider_id: Option<String>,
    /// The same in the form receipts are matched by.
    pub(crate) carrier_key: Option<String>,
}

impl Store {
    /// Records that the bytes of a part are about to leave, as [`Store::begin_attempt`] does for a whole message. Gives
    /// the statuses of all parts in their order: they are as many as before, unless none of them was taken.
    pub(crate) async fn begin_parts(
        &self,
        account: i64,
        message: MessageId,
        total: u8,
        at: Timestamp,
        lease: i64,
    ) -> Result<Vec<Status>, StoreError> {
        self.write(account, move |db| {
            let may_repeat = begin(db, account, &message, at, lease)?;
            let mut parts = parts_of(db, account, &message)?;
            let is_untouched = parts.iter().all(|status| *status == Status::Queued);
            if is_untouched && parts.len() != usize::from(total) {
                forget_parts(db, account, &message)?;
                parts = insert_parts(db, account, &message, total, at)?;
            }
            if may_repeat && parts.contains(&Status::Unknown) {
                note_possible_duplicate(db, account, &message)?;
            }
            Ok(parts)
        })
        .await
    }

    /// The statuses of a message's parts in their order; none when it goes whole.
    pub(crate) async fn parts_of(&self, account: i64, message: &MessageId) -> Result<Vec<Status>, StoreError> {
        let message = message.clone();
        self.read(move |db| parts_of(db, account, &message)).await
    }
}

/// The status of a message by those of its parts; it never goes back when one of theirs goes on.
pub(super) fn fold(parts: &[Status]) -> Status {
    let any = |status| parts.contains(&status);
    match () {
        () if any(Status::Failed) => Status::Failed,
        () if parts.iter().all(|part| *part == Status::Delivered) => Status::Delivered,
        () if any(Status::Queued) => Status::Queued,
        () if any(Status::Unknown) => Status::Unknown,
        () => Status::Sent,
    }
}

fn parts_of(db: &mut dyn Db, account: i64, message: &MessageId) -> Result<Vec<Status>, SqlError> {
    let rows = db.query(
        "SELECT status FROM part WHERE account = ?1 AND message = ?2 ORDER BY number",
        &args![account, message],
    )?;
    rows.iter().map(|row| row.get(0).map(Status::from_number)).collect()
}

fn insert_parts(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    total: u8,
    at: Timestamp,
) -> Result<Vec<Status>, SqlError> {
    let insert = Insert {
        into: "part (account, message, number, status, at)",
        columns: 5,
        tail: "",
    };
    let row = |number: u8| -> Vec<Param<'_>> { args![account, message, i64::from(number), Status::Queued, at].into() };
    let rows: Vec<_> = (1..=total).map(row).collect();
    db.insert_unasked(insert, &rows)?;
    Ok(vec![Status::Queued; usize::from(total)])
}

/// Another channel sends the message, perhaps whole.
pub(super) fn forget_parts(db: &mut dyn Db, account: i64, message: &MessageId) -> Result<(), SqlError> {
    db.execute(
        "DELETE FROM part WHERE account = ?1 AND message = ?2",
        &args![account, message],
    )
    .map(drop)
}

/// Stores what an attempt brought for one part.
pub(super) fn record_part(db: &mut dyn Db, outcome: &OutcomeWrite, part: &PartOutcome) -> Result<(), OpError> {
    let (account, message) = (outcome.account, &outcome.message);
    move_part(db, account, message, part.number, part.status, outcome.at)?;
    if let Some(provider_id) = &part.provider_id {
        db.execute(
            "UPDATE part SET provider_id = ?4 WHERE account = ?1 AND message = ?2 AND number = ?3",
            &args![account, message, i64::from(part.number), provider_id],
        )?;
    }
    if let Some(key) = &part.carrier_key {
        know_carrier_id(db, &outcome.named(part.number), key)?;
    }
    Ok(())
}

/// What became of a part, and of those beside it.
pub(super) struct Moved {
    /// Its status before.
    pub(super) before: Status,
    /// Whether it has moved.
    pub(super) has_moved: bool,
    /// The statuses of all parts as they are now, in their order.
    pub(super) parts: Vec<Status>,
}

/// Moves a part's status on, never back.
pub(super) fn move_part(
    db: &mut dyn Db,
    account: i64,
    message: &MessageId,
    number: u8,
    status: Status,
    at: Timestamp,
) -> Result<Moved, SqlError> {
    // Nobody else moves a part of it before the transaction ends: all are looked at to tell what the message is.
    db.execute(
        "UPDATE message SET status = status WHERE account = ?1 AND id = ?2",
        &args![account, message],
    )?;
    let mut parts = parts_of(db, account, message)?;
    let place = usize::from(number).saturating_sub(1);
    let before = parts.get(place).copied().unwrap_or(Status::Queued);
    let has_moved = status.follows(before);
    if has_moved {
        db.execute(
            "UPDATE part SET status = ?4, at = ?5 WHERE account = ?1 AND message = ?2 AND number = ?3",
            &args![account, message, i64::from(number), status, at],
        )?;
        if let Some(part) = parts.get_mut(place) {
            *part = status;
        }
    }
    Ok(Moved {
        before,
        has_moved,
        parts,
    })
}

#[cfg(test)]
mod tests {
    use super::Status::{Delivered, Failed, Queued, Sent, Unknown};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_is_what_its_parts_are() {
        for (parts, expected) in [
            ([Queued, Queued, Queued], Queued),
            ([Delivered, Sent, Queued], Queued),
            ([Delivered, Sent, Sent], Sent),
            ([Delivered, Unknown, Sent], Unknown),
            ([Delivered, Delivered, Delivered], Delivered),
            ([Delivered, Failed, Queued], Failed),
        ] {
            assert_eq!(fold(&parts), expected, "{parts:?}");
        }
    }

    proptest! {
        #[test]
        fn it_never_goes_back(
            parts in prop::collection::vec(prop::sample::select(vec![Queued, Unknown, Sent, Delivered, Failed]), 2..6),
            place in any::<prop::sample::Index>(),
            status in prop::sample::select(vec![Unknown, Sent, Delivered, Failed]),
        ) {
            let (before, mut after) = (fold(&parts), parts.clone());
            let part = place.get_mut(&mut after);
            if status.follows(*part) {
                *part = status;
            }
            prop_assert!(fold(&after) == before || fold(&after).follows(before));
        }
    }
}
