//! What keeps contacts must do, whatever it is: checks that take two accounts of one implementation, both empty.

use super::{Contact, ContactChange, ContactWrite, ContactsPort, Field, Group, Query, key_of_contact, key_of_group};
use async_trait::async_trait;
use ngoma_message::Timestamp;
use std::collections::BTreeMap;

/// Contacts that can be changed: what a step's transaction does, by itself.
#[async_trait]
pub(crate) trait Book: ContactsPort {
    /// Makes these changes, all or none.
    async fn apply(&self, writes: Vec<ContactWrite>) -> Result<(), String>;
}

/// Makes a test of every check; `$on` runs one on an implementation.
macro_rules! contacts_suite {
    ($on:path) => {
        crate::ports::contacts::conformance::contacts_suite! { $on:
            a_contact_is_found_by_its_key,
            a_contact_is_found_by_its_addresses,
            the_newest_of_an_address_comes_first,
            a_change_touches_its_fields_only,
            what_is_not_there_is_not_changed,
            a_search_finds_what_the_query_tells_of,
            a_search_follows_changes,
            contacts_are_counted,
            groups_are_kept,
            two_who_add_at_once_add_one,
            an_account_sees_its_own_only,
            what_may_not_be_kept_is_refused_whole,
        }
    };
    ($on:path: $($check:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $check() {
            $on(crate::ports::contacts::conformance::$check).await;
        })*
    };
}
pub(crate) use contacts_suite;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn contact(key: &str, fields: &[(Field, &str)]) -> Contact {
    let mut contact = Contact::new(key, at(100));
    contact.fields = fields
        .iter()
        .map(|(field, value)| (*field, (*value).to_owned()))
        .collect();
    contact
}

fn group(key: &str, name: &str, query: Option<&str>) -> Group {
    Group {
        key: key.to_owned(),
        name: name.to_owned(),
        query: query.map(str::to_owned),
        created_at: at(100),
    }
}

async fn add(book: &dyn Book, contacts: &[Contact]) {
    let added = contacts.iter().cloned().map(ContactWrite::Add).collect();
    book.apply(added).await.unwrap();
}

async fn change(book: &dyn Book, key: &str, change: ContactChange) {
    let key = key.to_owned();
    book.apply(vec![ContactWrite::Change { key, change }]).await.unwrap();
}

async fn keys_at(book: &dyn Book, field: Field, address: &str) -> Vec<String> {
    let found = book.at_address(field, address).await.unwrap();
    found.into_iter().map(|contact| contact.key).collect()
}

async fn found(book: &dyn Book, query: &str) -> Vec<String> {
    book.search(&Query::parse(query).unwrap(), 100).await.unwrap()
}

async fn check_search(book: &dyn Book, query: &str, expected: &[&str]) {
    assert_eq!(found(book, query).await, expected, "{query}");
    let counted = book.count(&Query::parse(query).unwrap()).await;
    assert_eq!(counted, Ok(expected.len() as u64), "{query}");
}

pub(crate) async fn a_contact_is_found_by_its_key(own: &dyn Book, _: &dyn Book) {
    let mut anna = contact("a", &[(Field::Name, "Anna \0 é"), (Field::Msisdn, "+1")]);
    anna.dob = Some(at(5));
    anna.groups = vec!["g2".into(), "g1".into()];
    anna.extra.insert("town".into(), "Musina".into());
    anna.subscription.insert("news".into(), "1".into());
    add(own, &[anna.clone()]).await;
    assert_eq!(own.contact("a").await, Ok(Some(anna)));
    assert_eq!(own.contact("b").await, Ok(None));
    assert_eq!(own.contact("").await, Ok(None));
    assert_eq!(own.contact("\0").await, Ok(None));
}

pub(crate) async fn a_contact_is_found_by_its_addresses(own: &dyn Book, _: &dyn Book) {
    let long = "x".repeat(300);
    let fields = [(Field::Msisdn, "+1"), (Field::GtalkId, "a@b"), (Field::Name, "Anna")];
    add(
        own,
        &[contact("a", &fields), contact("b", &[(Field::Msisdn, "unknown")])],
    )
    .await;
    add(own, &[contact("c", &[(Field::WechatId, &long)])]).await;
    assert_eq!(keys_at(own, Field::Msisdn, "+1").await, ["a"]);
    assert_eq!(keys_at(own, Field::GtalkId, "a@b").await, ["a"]);
    assert_eq!(keys_at(own, Field::WechatId, &long).await, ["c"]);
    assert!(keys_at(own, Field::WechatId, &format!("{long}y")).await.is_empty());
    assert!(keys_at(own, Field::GtalkId, "+1").await.is_empty());
    assert!(
        keys_at(own, Field::Name, "Anna").await.is_empty(),
        "a name is no address"
    );
    assert!(keys_at(own, Field::Msisdn, "unknown").await.is_empty());
    let fields = BTreeMap::from([(Field::Msisdn, Some("+2".to_owned())), (Field::GtalkId, None)]);
    let moved = ContactChange {
        fields,
        ..ContactChange::default()
    };
    change(own, "a", moved).await;
    assert!(keys_at(own, Field::Msisdn, "+1").await.is_empty());
    assert!(keys_at(own, Field::GtalkId, "a@b").await.is_empty());
    assert_eq!(keys_at(own, Field::Msisdn, "+2").await, ["a"]);
}

pub(crate) async fn the_newest_of_an_address_comes_first(own: &dyn Book, _: &dyn Book) {
    for (key, second) in [("a", 2), ("b", 3), ("c", 1)] {
        let mut contact = contact(key, &[(Field::Msisdn, "+1")]);
        contact.created_at = at(second);
        add(own, &[contact]).await;
    }
    assert_eq!(keys_at(own, Field::Msisdn, "+1").await, ["b", "a", "c"]);
    let later = ContactChange {
        created_at: Some(at(9)),
        ..ContactChange::default()
    };
    change(own, "c", later).await;
    assert_eq!(keys_at(own, Field::Msisdn, "+1").await, ["c", "b", "a"]);
}

pub(crate) async fn a_change_touches_its_fields_only(own: &dyn Book, _: &dyn Book) {
    add(own, &[contact("a", &[(Field::Name, "Anna")])]).await;
    let extra = |name: &str, value: &str| ContactChange {
        more_extra: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        ..ContactChange::default()
    };
    // As two steps that knew nothing of each other.
    change(own, "a", extra("town", "Musina")).await;
    change(own, "a", extra("child", "1")).await;
    change(own, "a", extra("town", "Messina")).await;
    let held = own.contact("a").await.unwrap().unwrap();
    let expected = [("child", "1"), ("town", "Messina")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(held.extra, BTreeMap::from(expected));
    assert_eq!(held.field(Field::Name), Some("Anna"));
    let bare = contact("a", &[(Field::Surname, "Moyo")]);
    own.apply(vec![ContactWrite::Replace(bare.clone())]).await.unwrap();
    assert_eq!(own.contact("a").await, Ok(Some(bare)));
}

pub(crate) async fn what_is_not_there_is_not_changed(own: &dyn Book, _: &dyn Book) {
    change(own, "a", ContactChange::default()).await;
    let name = "new".to_owned();
    let regrouped = ContactWrite::ChangeGroup {
        key: "g".into(),
        name,
        query: None,
    };
    own.apply(vec![ContactWrite::Replace(contact("a", &[])), regrouped])
        .await
        .unwrap();
    assert_eq!(own.contact("a").await, Ok(None));
    assert_eq!(own.groups().await, Ok(Vec::new()));
    assert_eq!(own.total().await, Ok(0));
}

pub(crate) async fn a_search_finds_what_the_query_tells_of(own: &dyn Book, _: &dyn Book) {
    let mut anna = contact("a", &[(Field::Name, "Anna Maria"), (Field::Msisdn, "+27831")]);
    anna.groups = vec!["g1".into()];
    let mut ben = contact("b", &[(Field::Name, "Ben"), (Field::Msisdn, "+27832")]);
    ben.groups = vec!["g1".into(), "g2".into()];
    ben.extra.insert("town".into(), "New Town North".into());
    let mut cleo = contact("c", &[(Field::Name, "Anneli"), (Field::Msisdn, "+1")]);
    cleo.extra.insert("note".into(), "y".repeat(300));
    add(own, &[cleo, anna, ben]).await;
    let long = format!("extras-note:{}", "y".repeat(300));
    let longer = format!("extras-note:{}", "y".repeat(301));
    let long_prefix = format!("extras-note:{}*", "y".repeat(299));
    for (query, expected) in [
        ("*:*", ["a", "b", "c"].as_slice()),
        ("name:Ann*", &["a", "c"]),
        ("name:Anna", &["a"]),
        ("name:ann*", &[]),
        ("groups:g1", &["a", "b"]),
        ("groups:g1 AND NOT groups:g2", &["a"]),
        ("NOT groups:g1", &["c"]),
        ("msisdn:+2783*", &["a", "b"]),
        ("extras-town:\"New Town\"", &["b"]),
        ("extras-town:\"New North\"", &[]),
        ("NOT extras-town:\"New North\"", &["a", "b", "c"]),
        ("NOT extras-town:\"New Town\"", &["a", "c"]),
        ("extras-town:*", &["b"]),
        ("name:(Ben OR Anneli)", &["b", "c"]),
        ("name:\"\"", &[]),
        (&long, &["c"]),
        (&longer, &[]),
        (&long_prefix, &["c"]),
        ("created_at:1970-01-01", &["a", "b", "c"]),
    ] {
        check_search(own, query, expected).await;
    }
    let two = own.search(&Query::Everything, 2).await;
    assert_eq!(two, Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(own.search(&Query::Everything, 0).await, Ok(Vec::new()));
}

pub(crate) async fn a_search_follows_changes(own: &dyn Book, _: &dyn Book) {
    add(own, &[contact("a", &[(Field::Name, "Anna")])]).await;
    let grouped = ContactChange {
        groups: vec!["g".into()],
        fields: BTreeMap::from([(Field::Name, Some("Hanna".to_owned()))]),
        ..ContactChange::default()
    };
    change(own, "a", grouped).await;
    check_search(own, "name:Anna", &[]).await;
    check_search(own, "name:Hanna AND groups:g", &["a"]).await;
    own.apply(vec![ContactWrite::Replace(contact("a", &[]))]).await.unwrap();
    check_search(own, "name:* OR groups:*", &[]).await;
    check_search(own, "*:*", &["a"]).await;
}

pub(crate) async fn contacts_are_counted(own: &dyn Book, other: &dyn Book) {
    assert_eq!(own.total().await, Ok(0));
    add(
        own,
        &[
            contact("a", &[]),
            contact("b", &[]),
            contact("a", &[(Field::Name, "x")]),
        ],
    )
    .await;
    assert_eq!(own.total().await, Ok(2));
    assert_eq!(other.total().await, Ok(0));
    let first = own.contact("a").await.unwrap().unwrap();
    assert_eq!(
        first.field(Field::Name),
        None,
        "what is there stays when it is added again"
    );
}

pub(crate) async fn groups_are_kept(own: &dyn Book, _: &dyn Book) {
    let added = [group("g2", "Mothers", None), group("g1", "Mothers", Some("name:a"))];
    own.apply(added.iter().cloned().map(ContactWrite::AddGroup).collect())
        .await
        .unwrap();
    let [second, first] = added;
    assert_eq!(own.groups().await, Ok(vec![first.clone(), second]));
    let renamed = ContactWrite::ChangeGroup {
        key: "g2".into(),
        name: "Fathers".into(),
        query: Some("name:b".into()),
    };
    own.apply(vec![renamed]).await.unwrap();
    assert_eq!(
        own.groups().await,
        Ok(vec![first, group("g2", "Fathers", Some("name:b"))])
    );
}

pub(crate) async fn two_who_add_at_once_add_one(own: &dyn Book, _: &dyn Book) {
    let key = async || key_of_contact(own, Field::Msisdn, "+1", |_| false).await.unwrap();
    let (first, second) = (key().await, key().await);
    add(own, &[contact(&first, &[(Field::Msisdn, "+1")])]).await;
    add(own, &[contact(&second, &[(Field::Msisdn, "+1")])]).await;
    assert_eq!(keys_at(own, Field::Msisdn, "+1").await, [first.as_str()]);
    assert_eq!(own.total().await, Ok(1));
    // Who had the address before keeps the key when the number goes to somebody else.
    let moved = ContactChange {
        fields: BTreeMap::from([(Field::Msisdn, Some("+2".to_owned()))]),
        ..ContactChange::default()
    };
    change(own, &first, moved).await;
    let next = key().await;
    assert_ne!(next, first);
    assert_eq!(next, key().await);
    let name = async || key_of_group(own, "Mothers", |_| false).await.unwrap();
    assert_eq!(name().await, name().await);
}

pub(crate) async fn an_account_sees_its_own_only(own: &dyn Book, other: &dyn Book) {
    assert_ne!(own.account(), other.account());
    add(own, &[contact("a", &[(Field::Msisdn, "+1"), (Field::Name, "Anna")])]).await;
    own.apply(vec![ContactWrite::AddGroup(group("g", "Mothers", None))])
        .await
        .unwrap();
    assert_eq!(other.contact("a").await, Ok(None));
    assert!(keys_at(other, Field::Msisdn, "+1").await.is_empty());
    check_search(other, "name:Anna", &[]).await;
    check_search(other, "NOT name:Ben", &[]).await;
    check_search(other, "*:*", &[]).await;
    assert_eq!(other.groups().await, Ok(Vec::new()));
    // Changes by a key of another account's do nothing; the key is free for a contact of one's own.
    let renamed = ContactChange {
        fields: BTreeMap::from([(Field::Name, Some("Eve".to_owned()))]),
        ..ContactChange::default()
    };
    change(other, "a", renamed).await;
    other
        .apply(vec![ContactWrite::Replace(contact("a", &[]))])
        .await
        .unwrap();
    add(other, &[contact("a", &[(Field::Msisdn, "+1"), (Field::Name, "Ben")])]).await;
    check_search(own, "name:Anna", &["a"]).await;
    check_search(other, "name:Ben", &["a"]).await;
    assert_eq!(own.total().await, Ok(1));
    let keys = [own, other].map(async |book| key_of_contact(book, Field::Msisdn, "+9", |_| false).await);
    let [own_key, other_key] = keys;
    assert_ne!(own_key.await, other_key.await);
}

pub(crate) async fn what_may_not_be_kept_is_refused_whole(own: &dyn Book, _: &dyn Book) {
    let mut large = contact("b", &[]);
    large.extra = (0..101).map(|at| (at.to_string(), "x".to_owned())).collect();
    let refused = own
        .apply(vec![ContactWrite::Add(contact("a", &[])), ContactWrite::Add(large)])
        .await;
    assert_eq!(refused, Err("A contact may have at most 100 extras.".to_owned()));
    assert_eq!(own.total().await, Ok(0));
    check_search(own, "*:*", &[]).await;
}
