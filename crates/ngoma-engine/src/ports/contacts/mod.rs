//! The people an account keeps, and the groups they are in: what services read of them, and how they change them.
//!
//! A step reads through a [`ContactsPort`] and hands its changes back as [`ContactWrite`]s, which are committed with its
//! replies or not at all. Whatever keeps contacts must hold to one suite of tests.

#[cfg(test)]
pub(crate) mod conformance;
mod contact;
mod in_store;
mod json;
mod keys;
mod limits;
mod memory;
mod query;
mod write;

pub use contact::{Contact, Field, Group, Searched};
pub(crate) use in_store::StoreContacts;
use keys::random_key;
pub use keys::{key_of_contact, key_of_group};
pub(crate) use limits::too_wide;
pub use limits::{
    CONTACT_GROUPS, CONTACT_WORDS, CONTACTS, EXTRAS, GROUPS, KEY_CHARS, NAME_CHARS, SAME_ADDRESS, SEARCH_LOOKS,
    SEARCH_RESULTS, STEP_CHANGES, STEP_SEARCHES, STEP_WORDS, VALUE_CHARS, too_many_contacts, too_many_groups,
};
pub use memory::MemoryContacts;
pub use query::{Query, QueryError, Term};
pub use write::{ContactChange, ContactWrite};

use crate::service::PortError;
use async_trait::async_trait;

/// Reads the contacts and groups of one account. Whatever belongs to another account is as if it were not there.
#[async_trait]
pub trait ContactsPort: Send + Sync {
    /// The account's code.
    fn account(&self) -> &str;
    /// The contact of this key.
    async fn contact(&self, key: &str) -> Result<Option<Contact>, PortError>;
    /// The contacts with this address, newest first, at most [`SAME_ADDRESS`].
    async fn at_address(&self, field: Field, address: &str) -> Result<Vec<Contact>, PortError>;
    /// The keys of the contacts a query finds, in their order, at most `limit`. One that would have to look at more than
    /// [`SEARCH_LOOKS`] contacts is refused.
    async fn search(&self, query: &Query, limit: usize) -> Result<Vec<String>, PortError>;
    /// How many contacts a query finds.
    async fn count(&self, query: &Query) -> Result<u64, PortError>;
    /// How many contacts there are.
    async fn total(&self) -> Result<u64, PortError>;
    /// Every group, by key.
    async fn groups(&self) -> Result<Vec<Group>, PortError>;
    /// A key that no contact or group has.
    fn fresh_key(&self) -> String;
    /// What the keys of this account's contacts are made with, so that nobody can tell an address from a key. It never
    /// changes.
    async fn key_salt(&self) -> Result<Vec<u8>, PortError>;
}
