//! Contacts and groups as JSON, in Vumi Go's form: in replies to services, and in the store.

use super::contact::{Contact, Field, Group};
use ngoma_message::{Object, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of Vumi Go's form.
const VERSION: u64 = 2;
const EXTRA: &str = "extras-";
const SUBSCRIPTION: &str = "subscription-";

impl Contact {
    /// As services are shown them.
    ///
    /// ```json
    /// {"$VERSION": 2, "key": "f953710a2472447591bd59e906dc2c26", "user_account": "clinic",
    ///  "created_at": "2026-11-24 08:00:00.000000", "dob": null, "name": "Thandi", "surname": null,
    ///  "email_address": null, "msisdn": "+27831234567", "twitter_handle": null, "facebook_id": null, "bbm_pin": null,
    ///  "gtalk_id": null, "mxit_id": null, "wechat_id": null, "groups": ["8c1f…"],
    ///  "extras-town": "Musina", "subscription-news": "1"}
    /// ```
    pub fn to_json(&self, account: &str) -> Object {
        let mut shown = Object::from_iter([
            ("$VERSION".to_owned(), Value::from(VERSION)),
            ("key".to_owned(), self.key.as_str().into()),
            ("user_account".to_owned(), account.into()),
            ("created_at".to_owned(), self.created_at.to_vumi().into()),
            ("dob".to_owned(), self.dob.map(Timestamp::to_vumi).into()),
            ("groups".to_owned(), self.groups.clone().into()),
        ]);
        for field in Field::ALL {
            // Vumi Go did not know of Telegram: who compares all of a contact finds it as it was.
            if field != Field::TelegramId || self.fields.contains_key(&field) {
                shown.insert(field.word().to_owned(), self.field(field).into());
            }
        }
        for (prefix, notes) in [(EXTRA, &self.extra), (SUBSCRIPTION, &self.subscription)] {
            shown.extend(
                notes
                    .iter()
                    .map(|(name, value)| (format!("{prefix}{name}"), value.as_str().into())),
            );
        }
        shown
    }

    /// Reads that form; what is of another kind is left out. Extras may also come as the object `extra`, subscriptions as
    /// `subscription`.
    pub fn from_json(shown: &Object) -> Option<Self> {
        let text = |name: &str| shown.get(name).and_then(Value::as_str);
        let moment = |name: &str| text(name).and_then(Timestamp::parse);
        let groups = shown.get("groups").and_then(Value::as_array);
        let groups = groups.into_iter().flatten().filter_map(Value::as_str);
        Some(Self {
            key: text("key")?.to_owned(),
            created_at: moment("created_at").unwrap_or(Timestamp::from_micros(0)),
            dob: moment("dob"),
            fields: Field::ALL
                .into_iter()
                .filter_map(|field| Some((field, text(field.word())?.to_owned())))
                .collect(),
            groups: groups.map(str::to_owned).collect(),
            extra: notes(shown, "extra", EXTRA),
            subscription: notes(shown, "subscription", SUBSCRIPTION),
        })
    }
}

fn notes(shown: &Object, name: &str, prefix: &str) -> BTreeMap<String, String> {
    let nested = shown.get(name).and_then(Value::as_object);
    let nested = nested.into_iter().flatten().map(|(name, value)| (name.as_str(), value));
    let flat = shown
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    let texts = nested
        .chain(flat)
        .filter_map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned())));
    texts.collect()
}

impl Group {
    /// As services are shown it.
    ///
    /// ```json
    /// {"$VERSION": null, "key": "8c1f…", "user_account": "clinic", "name": "Mothers", "query": null,
    ///  "created_at": "2026-11-24 08:00:00.000000"}
    /// ```
    pub fn to_json(&self, account: &str) -> Object {
        Object::from_iter([
            ("$VERSION".to_owned(), Value::Null),
            ("key".to_owned(), self.key.as_str().into()),
            ("user_account".to_owned(), account.into()),
            ("name".to_owned(), self.name.as_str().into()),
            ("query".to_owned(), self.query.as_deref().into()),
            ("created_at".to_owned(), self.created_at.to_vumi().into()),
        ])
    }

    /// Reads that form.
    pub fn from_json(shown: &Object) -> Option<Self> {
        let text = |name: &str| shown.get(name).and_then(Value::as_str);
        Some(Self {
            key: text("key")?.to_owned(),
            name: text("name")?.to_owned(),
            query: text("query").map(str::to_owned),
            created_at: text("created_at")
                .and_then(Timestamp::parse)
                .unwrap_or(Timestamp::from_micros(0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_contact_is_shown_as_vumi_go_did() {
        let mut contact = Contact::new("f9", Timestamp::parse("2026-11-24 08:00:00").unwrap());
        contact.fields.insert(Field::Msisdn, "+27831234567".into());
        contact.groups.push("g1".into());
        contact.extra.insert("town".into(), "Musina".into());
        contact.subscription.insert("news".into(), "1".into());
        let expected = json!({
            "$VERSION": 2, "key": "f9", "user_account": "clinic", "created_at": "2026-11-24 08:00:00.000000", "dob": null,
            "name": null, "surname": null, "email_address": null, "msisdn": "+27831234567", "twitter_handle": null,
            "facebook_id": null, "bbm_pin": null, "gtalk_id": null, "mxit_id": null, "wechat_id": null,
            "groups": ["g1"], "extras-town": "Musina", "subscription-news": "1",
        });
        assert_eq!(Value::Object(contact.to_json("clinic")), expected);
    }

    #[test]
    fn extras_may_come_as_an_object() {
        let shown = json!({"key": "k", "extra": {"a": "1"}, "extras-b": "2", "subscription": {"c": "3"}, "name": 5});
        let contact = Contact::from_json(shown.as_object().unwrap()).unwrap();
        assert_eq!((contact.extra["a"].as_str(), contact.extra["b"].as_str()), ("1", "2"));
        assert_eq!(contact.subscription["c"], "3");
        assert_eq!(contact.fields, BTreeMap::new());
        assert_eq!(Contact::from_json(&Object::new()), None);
    }

    proptest! {
        #[test]
        fn a_contact_is_read_as_it_was_shown(
            key in ".*", at in 0..4_000_000_000_000_000_i64, born in proptest::option::of(0..4_000_000_000_000_000_i64),
            name in proptest::option::of(".*"), groups in proptest::collection::vec(".*", 0..3),
            extra in proptest::collection::btree_map(".*", ".*", 0..3),
        ) {
            let mut contact = Contact::new(key, Timestamp::from_micros(at));
            contact.dob = born.map(Timestamp::from_micros);
            contact.fields.extend(name.map(|name| (Field::TelegramId, name)));
            contact.groups = groups;
            contact.subscription.clone_from(&extra);
            contact.extra = extra;
            prop_assert_eq!(Contact::from_json(&contact.to_json("a")), Some(contact));
        }
    }
}
