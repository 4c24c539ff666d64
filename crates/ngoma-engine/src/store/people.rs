//! What a step decides about people: who wants no messages, who gets theirs, and what is kept of them. Part of the step's transaction.

use super::backend::OpError;
use super::contacts::write_contacts;
use super::hand_overs::{HandOverChange, change_hand_overs};
use super::opt_outs::{Wished, heed};
use super::sql::Db;
use crate::ports::contacts::ContactWrite;
use ngoma_message::Timestamp;

/// What one step decided.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeopleWrites {
    /// Each with its moment, in order.
    pub(crate) wishes: Vec<(Wished, Timestamp)>,
    /// In order.
    pub(crate) hand_overs: Vec<HandOverChange>,
    /// In order.
    pub(crate) contacts: Vec<ContactWrite>,
}

/// Stores what a step decided about people.
pub(super) fn write_people(
    db: &mut dyn Db,
    account: i64,
    people: &PeopleWrites,
    now: Timestamp,
) -> Result<(), OpError> {
    for (wished, at) in &people.wishes {
        heed(db, account, wished, *at)?;
    }
    write_contacts(db, account, &people.contacts)?;
    Ok(change_hand_overs(db, account, &people.hand_overs, now)?)
}
