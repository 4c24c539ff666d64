//! What a step sees of contacts and groups: as they are committed, with its own changes.

use crate::resources::StepContext;
use ngoma_engine::ports::contacts::{
    CONTACTS, Contact, ContactChange, ContactWrite, Field, GROUPS, Group, Query, STEP_CHANGES, STEP_SEARCHES,
    STEP_WORDS, too_many_contacts, too_many_groups,
};
use std::collections::BTreeMap;

/// What a step has changed.
#[derive(Default)]
pub struct Overlay {
    contacts: BTreeMap<String, Changed>,
    /// Every group as the step knows it, once it had to be asked.
    groups: Option<BTreeMap<String, Group>>,
    /// How many contacts the step has added.
    added: u64,
    /// How many words the contacts it changed have together.
    words: usize,
    searches: usize,
}

struct Changed {
    /// As it was committed, if it was.
    before: Option<Contact>,
    now: Contact,
}

impl Overlay {
    /// Whether the step has given this key to a contact who has another address now.
    pub fn has_taken(&self, key: &str, field: Field, address: &str) -> bool {
        let changed = self.contacts.get(key);
        changed.is_some_and(|changed| changed.now.field(field) != Some(address))
    }

    /// Counts a search against what a step may ask.
    fn note_search(&mut self) -> Result<(), String> {
        self.searches += 1;
        match self.searches > STEP_SEARCHES {
            true => Err(format!(
                "A step may search contacts, or count them, {STEP_SEARCHES} times at most."
            )),
            false => Ok(()),
        }
    }

    fn put(&mut self, before: Option<Contact>, now: Contact) {
        match self.contacts.get_mut(&now.key) {
            Some(changed) => changed.now = now,
            None => drop(self.contacts.insert(now.key.clone(), Changed { before, now })),
        }
    }
}

impl StepContext {
    /// The contact of a key.
    pub async fn contact(&self, key: &str) -> Result<Option<Contact>, String> {
        if let Some(changed) = self.contacts.contacts.get(key) {
            return Ok(Some(changed.now.clone()));
        }
        let contact = self.ports.account.contacts.contact(key).await;
        contact.map_err(|error| error.to_string())
    }

    /// The newest contact with an address.
    pub async fn contact_at(&self, field: Field, address: &str) -> Result<Option<Contact>, String> {
        let committed = self.ports.account.contacts.at_address(field, address).await;
        let committed = committed.map_err(|error| error.to_string())?;
        let own = self.contacts.contacts.values().map(|changed| &changed.now);
        let own = own.filter(|contact| contact.addresses().any(|held| held == (field, address)));
        let others = committed
            .iter()
            .filter(|contact| !self.contacts.contacts.contains_key(&contact.key));
        let newest = own
            .chain(others)
            .max_by_key(|contact| (contact.created_at, contact.key.clone()));
        Ok(newest.cloned())
    }

    /// Adds a contact.
    pub async fn add_contact(&mut self, contact: Contact) -> Result<(), String> {
        self.make_room_for_change(Some(&contact))?;
        let total = self.ports.account.contacts.total().await;
        let total = total.map_err(|error| error.to_string())?;
        if total.saturating_add(self.contacts.added) >= CONTACTS {
            return Err(too_many_contacts());
        }
        self.contacts.added += 1;
        self.contacts.put(None, contact.clone());
        self.outcome.contacts.push(ContactWrite::Add(contact));
        Ok(())
    }

    /// Changes a contact, and gives it as it is then; nothing when it is not there.
    pub async fn change_contact(&mut self, key: &str, change: ContactChange) -> Result<Option<Contact>, String> {
        let Some(before) = self.contact(key).await? else {
            return Ok(None);
        };
        let mut now = before.clone();
        change.apply(&mut now);
        self.make_room_for_change(Some(&now))?;
        self.contacts.put(Some(before), now.clone());
        let key = key.to_owned();
        self.outcome.contacts.push(ContactWrite::Change { key, change });
        Ok(Some(now))
    }

    /// Puts a contact in the place of the one that has its key.
    pub async fn replace_contact(&mut self, contact: Contact) -> Result<(), String> {
        self.make_room_for_change(Some(&contact))?;
        let before = self.contact(&contact.key).await?;
        self.contacts.put(before, contact.clone());
        self.outcome.contacts.push(ContactWrite::Replace(contact));
        Ok(())
    }

    /// The keys of the contacts a query finds, in their order, at most `limit`.
    pub async fn search_contacts(&mut self, query: &Query, limit: usize) -> Result<Vec<String>, String> {
        self.contacts.note_search()?;
        let own = &self.contacts.contacts;
        // So many of those committed may have changed so that they are not found any more.
        let found = self
            .ports
            .account
            .contacts
            .search(query, limit.saturating_add(own.len()))
            .await;
        let mut keys = found.map_err(|error| error.to_string())?;
        keys.retain(|key| !own.contains_key(key));
        let changed = own.values().filter(|changed| query.finds(&changed.now));
        keys.extend(changed.map(|changed| changed.now.key.clone()));
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }

    /// How many contacts a query finds.
    pub async fn count_contacts(&mut self, query: &Query) -> Result<u64, String> {
        self.contacts.note_search()?;
        let count = self.ports.account.contacts.count(query).await;
        let count = count.map_err(|error| error.to_string())?;
        let own = || self.contacts.contacts.values();
        let gone = own().filter(|changed| changed.before.as_ref().is_some_and(|before| query.finds(before)));
        let come = own().filter(|changed| query.finds(&changed.now));
        Ok(count.saturating_sub(gone.count() as u64) + come.count() as u64)
    }

    /// Every group, by name.
    pub async fn groups(&mut self) -> Result<Vec<Group>, String> {
        let mut groups: Vec<Group> = self.known_groups().await?.values().cloned().collect();
        groups.sort_by(|a, b| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
        Ok(groups)
    }

    /// The group of a key.
    pub async fn group(&mut self, key: &str) -> Result<Option<Group>, String> {
        Ok(self.known_groups().await?.get(key).cloned())
    }

    /// Adds a group.
    pub async fn add_group(&mut self, group: Group) -> Result<(), String> {
        group.check()?;
        self.make_room_for_change(None)?;
        let groups = self.known_groups().await?;
        if groups.len() >= GROUPS {
            return Err(too_many_groups());
        }
        groups.insert(group.key.clone(), group.clone());
        self.outcome.contacts.push(ContactWrite::AddGroup(group));
        Ok(())
    }

    /// Changes a group that is there.
    pub async fn change_group(&mut self, group: Group) -> Result<(), String> {
        group.check()?;
        self.make_room_for_change(None)?;
        self.known_groups().await?.insert(group.key.clone(), group.clone());
        let Group { key, name, query, .. } = group;
        self.outcome
            .contacts
            .push(ContactWrite::ChangeGroup { key, name, query });
        Ok(())
    }

    /// Whether one more change is not too much, of this contact if it is one's.
    fn make_room_for_change(&mut self, contact: Option<&Contact>) -> Result<(), String> {
        contact.map_or(Ok(()), Contact::check)?;
        if self.outcome.contacts.len() >= STEP_CHANGES {
            return Err(format!(
                "A step may change contacts and groups {STEP_CHANGES} times at most."
            ));
        }
        self.contacts.words += contact.map_or(0, Contact::word_count);
        match self.contacts.words > STEP_WORDS {
            true => Err(format!(
                "The contacts that a step changes may have {STEP_WORDS} words at most in all."
            )),
            false => Ok(()),
        }
    }

    async fn known_groups(&mut self) -> Result<&mut BTreeMap<String, Group>, String> {
        if self.contacts.groups.is_none() {
            let groups = self.ports.account.contacts.groups().await;
            let groups = groups.map_err(|error| error.to_string())?;
            let groups = groups.into_iter().map(|group| (group.key.clone(), group));
            self.contacts.groups = Some(groups.collect());
        }
        Ok(self.contacts.groups.get_or_insert_default())
    }
}
