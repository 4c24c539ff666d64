//! The people an account keeps, and the groups they are in.

mod index;
mod search;
mod write;

pub(super) use write::write_contacts;

use super::sql::{Row, SqlError, args};
use super::{Store, StoreError};
use crate::ports::contacts::{Contact, Field, Group, Query, SAME_ADDRESS, SEARCH_LOOKS};
use ngoma_message::Object;

/// How many random bytes an account's keys are salted with.
const SALT_BYTES: usize = 16;

impl Store {
    /// The contact of a key.
    pub(crate) async fn contact(&self, account: i64, key: &str) -> Result<Option<Contact>, StoreError> {
        let key = key.to_owned();
        self.read(move |db| {
            let row = db.first(
                "SELECT data FROM contact WHERE account = ?1 AND key = ?2",
                &args![account, &key],
            )?;
            row.map(|row| contact_of(&row, 0)).transpose()
        })
        .await
    }

    /// The contacts with this address, newest first; not more than are of any use.
    pub(crate) async fn contacts_at(
        &self,
        account: i64,
        field: Field,
        address: &str,
    ) -> Result<Vec<Contact>, StoreError> {
        let address = address.to_owned();
        self.read(move |db| {
            let rows = db.query(
                "SELECT c.data FROM contact_address AS a
                JOIN contact AS c ON c.account = a.account AND c.key = a.contact
                WHERE a.account = ?1 AND a.field = ?2 AND a.address = ?3
                ORDER BY a.created_at DESC, a.contact DESC LIMIT ?4",
                &args![account, field.word(), index::cut(&address), SAME_ADDRESS],
            )?;
            let contacts = rows.iter().map(|row| contact_of(row, 0));
            let has_it = |contact: &Contact| contact.field(field) == Some(address.as_str());
            contacts
                .filter(|contact| contact.as_ref().map_or(true, has_it))
                .collect()
        })
        .await
    }

    /// The keys of the contacts a query finds, in their order, at most `limit`.
    pub(crate) async fn search_contacts(
        &self,
        account: i64,
        query: &Query,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let query = query.clone();
        self.read_slow(move |db| search::keys(db, account, &query, limit, SEARCH_LOOKS))
            .await
    }

    /// How many contacts a query finds.
    pub(crate) async fn count_contacts(&self, account: i64, query: &Query) -> Result<u64, StoreError> {
        let query = query.clone();
        self.read_slow(move |db| search::count(db, account, &query, SEARCH_LOOKS))
            .await
    }

    /// How many contacts an account keeps.
    pub(crate) async fn contact_total(&self, account: i64) -> Result<u64, StoreError> {
        let total = self.read(move |db| {
            let row = db.first("SELECT contacts FROM contact_count WHERE account = ?1", &args![account])?;
            row.map_or(Ok(0), |row| row.get::<i64>(0))
        });
        Ok(u64::try_from(total.await?).unwrap_or(0))
    }

    /// Every group of an account, by key.
    pub(crate) async fn contact_groups(&self, account: i64) -> Result<Vec<Group>, StoreError> {
        self.read(move |db| {
            let rows = db.query(
                "SELECT data FROM contact_group WHERE account = ?1 ORDER BY key",
                &args![account],
            )?;
            rows.iter().map(|row| read(row, 0, Group::from_json)).collect()
        })
        .await
    }

    /// What the keys of an account's contacts are made with; drawn when it is needed first.
    pub(crate) async fn contact_salt(&self, account: i64) -> Result<Vec<u8>, StoreError> {
        let held = self.read(move |db| {
            let row = db.first("SELECT salt FROM contact_count WHERE account = ?1", &args![account])?;
            row.map_or(Ok(None), |row| row.get::<Option<Vec<u8>>>(0))
        });
        if let Some(held) = held.await? {
            return Ok(held);
        }
        let mut drawn = [0; SALT_BYTES];
        getrandom::fill(&mut drawn).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        self.write(account, move |db| {
            let row = db.first(
                "INSERT INTO contact_count (account, contacts, contact_groups, salt) VALUES (?1, 0, 0, ?2)
                ON CONFLICT (account) DO UPDATE SET salt = coalesce(contact_count.salt, excluded.salt) RETURNING salt",
                &args![account, drawn.as_slice()],
            )?;
            let salt = row.map_or(Ok(drawn.to_vec()), |row| row.get(0));
            Ok(salt?)
        })
        .await
    }

    /// Changes contacts and groups outside any step.
    #[cfg(test)]
    pub(crate) async fn change_contacts(
        &self,
        account: i64,
        writes: Vec<crate::ports::contacts::ContactWrite>,
    ) -> Result<(), StoreError> {
        self.write(account, move |db| write_contacts(db, account, &writes))
            .await
    }
}

fn contact_of(row: &Row, column: usize) -> Result<Contact, SqlError> {
    read(row, column, Contact::from_json)
}

/// What a column of JSON holds.
fn read<T>(row: &Row, column: usize, from: impl FnOnce(&Object) -> Option<T>) -> Result<T, SqlError> {
    let data: Object = serde_json::from_str(&row.get::<String>(column)?).unwrap_or_default();
    from(&data).ok_or_else(|| SqlError::Refused("a contact or group of the store cannot be read".into()))
}
