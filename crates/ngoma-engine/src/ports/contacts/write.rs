//! How a step changes contacts and groups.

use super::contact::{Contact, Field, Group};
use ngoma_message::Timestamp;
use std::collections::BTreeMap;

/// One change. What a contact or group is changed that is not there any more stays away: whoever removed it meant it.
#[derive(Clone, Debug, PartialEq)]
pub enum ContactWrite {
    /// Adds a contact; one of its key that is there stays as it is.
    Add(Contact),
    /// Puts a contact in the place of the one of its key.
    Replace(Contact),
    /// Changes some fields of a contact; the others stay as whoever changed them last left them.
    Change {
        /// Whose.
        key: String,
        /// How.
        change: ContactChange,
    },
    /// Adds a group; one of its key that is there stays as it is.
    AddGroup(Group),
    /// Gives a group another name and query.
    ChangeGroup {
        /// Which.
        key: String,
        /// Its name from now on.
        name: String,
        /// Its query from now on.
        query: Option<String>,
    },
}

/// What changes about a contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactChange {
    /// Since when they are kept.
    pub created_at: Option<Timestamp>,
    /// When they were born, or that it is unknown.
    pub dob: Option<Option<Timestamp>>,
    /// Plain fields; nothing removes one.
    pub fields: BTreeMap<Field, Option<String>>,
    /// Groups they are in from now on, beside those they were in before.
    pub groups: Vec<String>,
    /// All extras anew.
    pub extra: Option<BTreeMap<String, String>>,
    /// All subscriptions anew.
    pub subscription: Option<BTreeMap<String, String>>,
    /// Extras beside the others.
    pub more_extra: BTreeMap<String, String>,
    /// Subscriptions beside the others.
    pub more_subscription: BTreeMap<String, String>,
}

impl ContactWrite {
    /// The key of what it changes.
    pub fn key(&self) -> &str {
        match self {
            Self::Add(contact) | Self::Replace(contact) => &contact.key,
            Self::AddGroup(group) => &group.key,
            Self::Change { key, .. } | Self::ChangeGroup { key, .. } => key,
        }
    }

    /// Says what of it is more than may be kept, so far as it tells by itself.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Add(contact) | Self::Replace(contact) => contact.check(),
            Self::AddGroup(group) => group.check(),
            Self::Change { .. } | Self::ChangeGroup { .. } => Ok(()),
        }
    }
}

impl ContactChange {
    /// Makes the change.
    pub fn apply(&self, contact: &mut Contact) {
        contact.created_at = self.created_at.unwrap_or(contact.created_at);
        contact.dob = self.dob.unwrap_or(contact.dob);
        for (field, value) in &self.fields {
            match value {
                Some(value) => drop(contact.fields.insert(*field, value.clone())),
                None => drop(contact.fields.remove(field)),
            }
        }
        for group in &self.groups {
            if !contact.groups.contains(group) {
                contact.groups.push(group.clone());
            }
        }
        let noted = [
            (&mut contact.extra, &self.extra, &self.more_extra),
            (&mut contact.subscription, &self.subscription, &self.more_subscription),
        ];
        for (notes, anew, more) in noted {
            if let Some(anew) = anew {
                notes.clone_from(anew);
            }
            notes.extend(more.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_the_rest_as_it_was() {
        let notes = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let mut contact = Contact::new("k", Timestamp::from_micros(1));
        contact.fields = BTreeMap::from([(Field::Name, "Anna".into()), (Field::Surname, "Moyo".into())]);
        contact.groups = vec!["a".into(), "b".into()];
        contact.extra = notes(&[("town", "Musina"), ("child", "1")]);
        contact.subscription = notes(&[("news", "1")]);
        let change = ContactChange {
            dob: Some(Some(Timestamp::from_micros(5))),
            fields: BTreeMap::from([(Field::Surname, None), (Field::GtalkId, Some("a@b".into()))]),
            groups: vec!["c".into(), "a".into()],
            subscription: Some(notes(&[("other", "2")])),
            more_extra: notes(&[("child", "2")]),
            ..ContactChange::default()
        };
        change.apply(&mut contact);
        assert_eq!(contact.created_at, Timestamp::from_micros(1));
        assert_eq!(contact.dob, Some(Timestamp::from_micros(5)));
        let fields = BTreeMap::from([(Field::Name, "Anna".into()), (Field::GtalkId, "a@b".into())]);
        assert_eq!(contact.fields, fields);
        assert_eq!(contact.groups, ["a", "b", "c"]);
        assert_eq!(contact.extra, notes(&[("town", "Musina"), ("child", "2")]));
        assert_eq!(contact.subscription, notes(&[("other", "2")]));
    }
}
