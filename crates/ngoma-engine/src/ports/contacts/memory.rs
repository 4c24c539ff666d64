//! An account's contacts and groups in memory: for a simulated phone, and for tests.

use super::ContactsPort;
use super::contact::{Contact, Field, Group};
use super::keys::derived;
use super::limits::SAME_ADDRESS;
use super::query::Query;
use super::write::ContactWrite;
use crate::service::PortError;
use async_trait::async_trait;
use ngoma_message::Object;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Contacts and groups in memory.
pub struct MemoryContacts {
    account: String,
    held: Mutex<Held>,
    keys: AtomicU32,
}

#[derive(Default)]
struct Held {
    contacts: BTreeMap<String, Contact>,
    groups: BTreeMap<String, Group>,
}

/// Those of a simulated account.
impl Default for MemoryContacts {
    fn default() -> Self {
        Self::new("simulate")
    }
}

impl MemoryContacts {
    /// Those of an account, which has none.
    pub fn new(account: impl Into<String>) -> Self {
        Self {
            account: account.into(),
            held: Mutex::default(),
            keys: AtomicU32::new(0),
        }
    }

    /// Adds what a file holds: `{"contacts": […], "groups": […]}`, each as services are shown them.
    pub fn add(&self, file: &Object) -> Result<(), String> {
        let listed = |name: &str| file.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut held = self.held();
        for shown in listed("contacts") {
            let contact = shown
                .as_object()
                .and_then(Contact::from_json)
                .ok_or("a contact has no \"key\"")?;
            contact.check()?;
            held.contacts.insert(contact.key.clone(), contact);
        }
        for shown in listed("groups") {
            let group = shown
                .as_object()
                .and_then(Group::from_json)
                .ok_or("a group has no \"key\" or no \"name\"")?;
            group.check()?;
            held.groups.insert(group.key.clone(), group);
        }
        match file
            .keys()
            .find(|name| !["contacts", "groups"].contains(&name.as_str()))
        {
            Some(other) => Err(format!("expected \"contacts\" and \"groups\", not \"{other}\"")),
            None => Ok(()),
        }
    }

    /// Writes what a step changed.
    pub fn apply(&self, writes: &[ContactWrite]) {
        let mut held = self.held();
        writes.iter().for_each(|write| held.apply(write.clone()));
    }

    /// Each contact and group that these changed, as services are shown them now.
    pub fn shown(&self, writes: &[ContactWrite]) -> Vec<Object> {
        let held = self.held();
        let mut keys: Vec<&str> = writes.iter().map(ContactWrite::key).collect();
        keys.sort_unstable();
        keys.dedup();
        let shown = keys.into_iter().flat_map(|key| {
            let contact = held.contacts.get(key).map(|contact| contact.to_json(&self.account));
            let group = held.groups.get(key).map(|group| group.to_json(&self.account));
            contact.into_iter().chain(group)
        });
        shown.collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn apply(&mut self, write: ContactWrite) {
        match write {
            ContactWrite::Add(contact) => drop(self.contacts.entry(contact.key.clone()).or_insert(contact)),
            ContactWrite::Replace(contact) => {
                if let Some(held) = self.contacts.get_mut(&contact.key) {
                    *held = contact;
                }
            }
            ContactWrite::Change { key, change } => {
                if let Some(held) = self.contacts.get_mut(&key) {
                    change.apply(held);
                }
            }
            ContactWrite::AddGroup(group) => drop(self.groups.entry(group.key.clone()).or_insert(group)),
            ContactWrite::ChangeGroup { key, name, query } => {
                if let Some(held) = self.groups.get_mut(&key) {
                    (held.name, held.query) = (name, query);
                }
            }
        }
    }

    fn found(&self, query: &Query) -> impl Iterator<Item = &Contact> {
        self.contacts.values().filter(|contact| query.finds(*contact))
    }
}

#[async_trait]
impl ContactsPort for MemoryContacts {
    fn account(&self) -> &str {
        &self.account
    }

    async fn contact(&self, key: &str) -> Result<Option<Contact>, PortError> {
        Ok(self.held().contacts.get(key).cloned())
    }

    async fn at_address(&self, field: Field, address: &str) -> Result<Vec<Contact>, PortError> {
        let held = self.held();
        let is_there = |contact: &&Contact| contact.addresses().any(|held| held == (field, address));
        let mut found: Vec<Contact> = held.contacts.values().filter(is_there).cloned().collect();
        found.sort_by(|a, b| (b.created_at, &b.key).cmp(&(a.created_at, &a.key)));
        found.truncate(SAME_ADDRESS);
        Ok(found)
    }

    async fn search(&self, query: &Query, limit: usize) -> Result<Vec<String>, PortError> {
        let held = self.held();
        Ok(held
            .found(query)
            .map(|contact| contact.key.clone())
            .take(limit)
            .collect())
    }

    async fn count(&self, query: &Query) -> Result<u64, PortError> {
        Ok(self.held().found(query).count() as u64)
    }

    async fn total(&self) -> Result<u64, PortError> {
        Ok(self.held().contacts.len() as u64)
    }

    async fn groups(&self) -> Result<Vec<Group>, PortError> {
        Ok(self.held().groups.values().cloned().collect())
    }

    fn fresh_key(&self) -> String {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        derived(self.account.as_bytes(), "new", "", number)
    }

    /// The same every time, so that a simulation gives the same keys.
    async fn key_salt(&self) -> Result<Vec<u8>, PortError> {
        Ok(self.account.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{Book, contacts_suite};
    use super::*;
    use serde_json::json;

    #[async_trait]
    impl Book for MemoryContacts {
        async fn apply(&self, writes: Vec<ContactWrite>) -> Result<(), String> {
            writes.iter().try_for_each(ContactWrite::check)?;
            self.apply(&writes);
            Ok(())
        }
    }

    async fn in_memory(check: impl AsyncFn(&dyn Book, &dyn Book)) {
        check(&MemoryContacts::new("demo"), &MemoryContacts::new("other")).await;
    }

    contacts_suite!(in_memory);

    #[tokio::test]
    async fn a_file_gives_whom_there_is_before() {
        let contacts = MemoryContacts::new("demo");
        let file = json!({"contacts": [{"key": "a", "name": "Anna", "extra": {"town": "Musina"}}],
            "groups": [{"key": "g", "name": "Mothers"}]});
        contacts.add(file.as_object().unwrap()).unwrap();
        let held = contacts.contact("a").await.unwrap().unwrap();
        assert_eq!(
            (held.field(Field::Name), held.extra["town"].as_str()),
            (Some("Anna"), "Musina")
        );
        assert_eq!(contacts.groups().await.unwrap()[0].name, "Mothers");
        for (file, problem) in [
            (json!({"contacts": [{}]}), "a contact has no \"key\""),
            (
                json!({"groups": [{"key": "g"}]}),
                "a group has no \"key\" or no \"name\"",
            ),
            (
                json!({"people": []}),
                "expected \"contacts\" and \"groups\", not \"people\"",
            ),
        ] {
            assert_eq!(contacts.add(file.as_object().unwrap()), Err(problem.to_owned()));
        }
    }
}
