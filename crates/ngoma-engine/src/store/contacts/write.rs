//! Writes what steps changed of contacts and groups, in their transactions.

use super::{contact_of, index, read};
use crate::ports::contacts::{CONTACTS, Contact, ContactWrite, GROUPS, Group, too_many_contacts, too_many_groups};
use crate::store::backend::OpError;
use crate::store::sql::{Db, SqlError, args};
use ngoma_message::Object;
use serde_json::Value;

/// Writes a step's changes, in order.
pub(in crate::store) fn write_contacts(db: &mut dyn Db, account: i64, writes: &[ContactWrite]) -> Result<(), OpError> {
    for write in writes {
        match write {
            ContactWrite::Add(contact) => add(db, account, contact)?,
            ContactWrite::Replace(contact) => change(db, account, &contact.key, |held| held.clone_from(contact))?,
            ContactWrite::Change { key, change: how } => change(db, account, key, |held| how.apply(held))?,
            ContactWrite::AddGroup(group) => add_group(db, account, group)?,
            ContactWrite::ChangeGroup { key, name, query } => change_group(db, account, key, name, query)?,
        }
    }
    Ok(())
}

fn add(db: &mut dyn Db, account: i64, contact: &Contact) -> Result<(), OpError> {
    contact.check().map_err(OpError::Refused)?;
    let added = db.execute(
        "INSERT INTO contact (account, key, created_at, data) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        &args![account, &contact.key, contact.created_at, stored(contact.to_json(""))],
    )?;
    if added == 0 {
        return Ok(());
    }
    index::follow(db, account, None, contact)?;
    let total = db.number(
        "INSERT INTO contact_count (account, contacts, contact_groups) VALUES (?1, 1, 0)
        ON CONFLICT (account) DO UPDATE SET contacts = contact_count.contacts + 1 RETURNING contacts",
        &args![account],
    )?;
    // More may have been added at once than a step could know of.
    match u64::try_from(total).is_ok_and(|total| total <= CONTACTS) {
        true => Ok(()),
        false => Err(OpError::Refused(too_many_contacts())),
    }
}

/// Changes a contact that is there. Its row is changed first, so that two never do at once.
fn change(db: &mut dyn Db, account: i64, key: &str, how: impl FnOnce(&mut Contact)) -> Result<(), OpError> {
    let row = db.first(
        "UPDATE contact SET created_at = created_at WHERE account = ?1 AND key = ?2 RETURNING data",
        &args![account, key],
    )?;
    let Some(row) = row else { return Ok(()) };
    let before = contact_of(&row, 0)?;
    let mut after = before.clone();
    how(&mut after);
    after.check().map_err(OpError::Refused)?;
    db.execute(
        "UPDATE contact SET created_at = ?3, data = ?4 WHERE account = ?1 AND key = ?2",
        &args![account, key, after.created_at, stored(after.to_json(""))],
    )?;
    Ok(index::follow(db, account, Some(&before), &after)?)
}

fn add_group(db: &mut dyn Db, account: i64, group: &Group) -> Result<(), OpError> {
    group.check().map_err(OpError::Refused)?;
    let added = db.execute(
        "INSERT INTO contact_group (account, key, data) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        &args![account, &group.key, stored(group.to_json(""))],
    )?;
    if added == 0 {
        return Ok(());
    }
    let total = db.number(
        "INSERT INTO contact_count (account, contacts, contact_groups) VALUES (?1, 0, 1)
        ON CONFLICT (account) DO UPDATE SET contact_groups = contact_count.contact_groups + 1 RETURNING contact_groups",
        &args![account],
    )?;
    match usize::try_from(total).is_ok_and(|total| total <= GROUPS) {
        true => Ok(()),
        false => Err(OpError::Refused(too_many_groups())),
    }
}

fn change_group(db: &mut dyn Db, account: i64, key: &str, name: &str, query: &Option<String>) -> Result<(), OpError> {
    let row = db.first(
        "SELECT data FROM contact_group WHERE account = ?1 AND key = ?2",
        &args![account, key],
    )?;
    let Some(row) = row else { return Ok(()) };
    let group = Group {
        name: name.to_owned(),
        query: query.clone(),
        ..read(&row, 0, Group::from_json)?
    };
    group.check().map_err(OpError::Refused)?;
    db.execute(
        "UPDATE contact_group SET data = ?3 WHERE account = ?1 AND key = ?2",
        &args![account, key, stored(group.to_json(""))],
    )
    .map(drop)
    .map_err(SqlError::into)
}

/// The form services are shown, without the account, which the row names.
fn stored(mut shown: Object) -> String {
    shown.remove("user_account");
    Value::Object(shown).to_string()
}
