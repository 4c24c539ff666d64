//! The commands, what they answer in Vumi Go's words, and what is left for the step's transaction.

use super::*;
use crate::resources::testing::{Given, run};
use ngoma_engine::ports::contacts::{ContactWrite, ContactsPort, MemoryContacts};
use serde_json::json;
use std::sync::Arc;

/// A step of an account that keeps these contacts.
fn step_with(contacts: Value) -> (StepContext, Arc<MemoryContacts>) {
    let given = Given::default();
    let held = Arc::clone(&given.account.contacts);
    held.add(json!({"contacts": contacts}).as_object().unwrap()).unwrap();
    (given.step(), held)
}

/// Anna has a number and a name on Telegram, Ben a name on Twitter.
fn step() -> StepContext {
    let contacts = json!([
        {"key": "a", "name": "Anna", "msisdn": "+27831234567", "groups": ["g1", "g2"],
            "created_at": "2026-11-01 00:00:00", "extra": {"town": "Musina", "child": "1"}},
        {"key": "b", "name": "Ben", "msisdn": "unknown", "twitter_handle": "ben", "telegram_id": "42",
            "created_at": "2026-11-02 00:00:00"},
    ]);
    step_with(contacts).0
}

/// Anna as she is shown, with these fields instead.
fn anna(other: Value) -> Value {
    let mut shown = json!({
        "$VERSION": 2, "key": "a", "user_account": "clinic", "created_at": "2026-11-01 00:00:00.000000", "dob": null,
        "name": "Anna", "surname": null, "email_address": null, "msisdn": "+27831234567", "twitter_handle": null,
        "facebook_id": null, "bbm_pin": null, "gtalk_id": null, "mxit_id": null, "wechat_id": null,
        "groups": ["g1", "g2"], "extras-town": "Musina", "extras-child": "1",
    });
    for (name, value) in other.as_object().unwrap() {
        shown[name] = value.clone();
    }
    shown
}

async fn say(step: &mut StepContext, command: &str, params: Value) -> Value {
    run(&Contacts, step, command, params).await
}

async fn check(step: &mut StepContext, command: &str, params: Value, expected: Value) {
    assert_eq!(say(step, command, params.clone()).await, expected, "{command} {params}");
}

async fn check_refused(command: &str, params: Value, reason: &str) {
    let step = &mut step();
    check(step, command, params, json!({"success": false, "reason": reason})).await;
    assert_eq!(step.outcome.contacts, [], "{command}");
}

fn is_shown(contact: Value) -> Value {
    json!({"success": true, "contact": contact})
}

#[tokio::test]
async fn a_contact_is_got_by_any_form_of_its_address() {
    let step = &mut step();
    for (class, addr) in [
        ("sms", "+27831234567"),
        ("ussd", "27831234567"),
        ("voice", "083 123 4567"),
        ("whatsapp", "27831234567"),
    ] {
        let params = json!({"delivery_class": class, "addr": addr});
        check(step, "get", params.clone(), is_shown(anna(json!({})))).await;
        let expected = json!({"success": true, "created": false, "contact": anna(json!({}))});
        check(step, "get_or_create", params, expected).await;
    }
    for (class, addr) in [("twitter", "ben"), ("telegram", "42")] {
        let got = say(step, "get", json!({"delivery_class": class, "addr": addr})).await;
        assert_eq!(got["contact"]["key"], "b", "{class}");
        assert_eq!(got["contact"]["telegram_id"], "42");
    }
    check(step, "get_by_key", json!({"key": "a"}), is_shown(anna(json!({})))).await;
    check(step, "remove", json!({}), json!("unknown")).await;
    assert_eq!(step.outcome.contacts, []);
}

#[tokio::test]
async fn who_is_not_there_is_told_in_vumi_gos_words() {
    let missing = "Contact with address '+27830000000' for delivery class 'sms' not found.";
    check_refused("get", json!({"delivery_class": "sms", "addr": "+27830000000"}), missing).await;
    let nobody = "Contact with address 'unknown' for delivery class 'ussd' not found.";
    check_refused("get", json!({"delivery_class": "ussd", "addr": "unknown"}), nobody).await;
    let missing = "Contact with key 'x' not found.";
    check_refused("get_by_key", json!({"key": "x"}), missing).await;
    check_refused("update", json!({"key": "x", "fields": {}}), missing).await;
    check_refused("update_extras", json!({"key": "x", "fields": {"a": "b"}}), missing).await;
    check_refused("update_subscriptions", json!({"key": "x", "fields": {}}), missing).await;
    check_refused("save", json!({"contact": {"key": "x"}}), missing).await;
    check_refused("get_by_key", json!({"key": 5}), "Contact with key '5' not found.").await;
}

#[tokio::test]
async fn a_command_that_says_too_little_is_told_what_it_needs() {
    let no_addr = "'addr' needs to be specified and be a unicode string";
    let no_class = "'delivery_class' needs to be specified and be a unicode string";
    let no_key = "'key' needs to be specified and be a unicode string";
    let no_fields = "'fields' needs to be specified and be a dict of field name-values pairs";
    let no_contact = "'contact' needs to be specified and be a dict of field name-value pairs";
    for (command, params, reason) in [
        ("get", json!({}), no_addr),
        ("get", json!({"delivery_class": "sms", "addr": 2}), no_addr),
        ("get", json!({"delivery_class": null, "addr": "+27"}), no_class),
        ("get_or_create", json!({"addr": "+27"}), no_class),
        (
            "get",
            json!({"delivery_class": "fax", "addr": "1"}),
            "Unsupported transport_type u'fax'",
        ),
        ("get_by_key", json!({}), "Expected 'key' field in request"),
        ("update", json!({}), no_key),
        ("update", json!({"key": null, "fields": {}}), no_key),
        ("update", json!({"key": "a", "fields": 2}), no_fields),
        ("update_extras", json!({"key": null, "fields": {"a": "b"}}), no_key),
        ("update_extras", json!({"key": "a"}), no_fields),
        (
            "update_extras",
            json!({"key": "a", "fields": {"a": null}}),
            "All field values need to be unicode",
        ),
        (
            "update_subscriptions",
            json!({"key": "a", "fields": {"a": 1}}),
            "All field values need to be unicode",
        ),
        ("new", json!({}), no_contact),
        ("new", json!({"contact": null}), no_contact),
        ("save", json!({"contact": 2}), no_contact),
        (
            "save",
            json!({"contact": {"key": null}}),
            "'key' needs to be specified as a field in 'contact' and be a unicode string",
        ),
        ("search", json!({}), "Expected 'query' field in request"),
        (
            "search",
            json!({"query": "name:a", "max_keys": "Haha!"}),
            "Value for parameter 'max_keys' is invalid",
        ),
        (
            "search",
            json!({"query": "name:a", "max_keys": -1}),
            "Value for parameter 'max_keys' is invalid",
        ),
        (
            "search",
            json!({"query": "name:a", "max_keys": null}),
            "Value for parameter 'max_keys' is invalid",
        ),
        ("search", json!({"query": 5}), "Value for parameter 'query' is invalid"),
        (
            "search",
            json!({"query": "anna"}),
            "the query cannot be read: say in which field: name:anna",
        ),
    ] {
        check_refused(command, params, reason).await;
    }
}

#[tokio::test]
async fn fields_have_vumi_gos_rules() {
    let no_moment = "Timestamp field expects a datetime or an iso8601 formatted string.";
    let none = "None is not allowed as a value for non-null fields.";
    let long = format!("Value u'{}' too long (maximum length is 100).", "x".repeat(101));
    for (fields, reason) in [
        (json!({"name": 5}), "Value 5 is not a unicode string."),
        (json!({"name": ["é"]}), r"Value [u'\xe9'] is not a unicode string."),
        (json!({"msisdn": null}), none),
        (json!({"created_at": null}), none),
        (json!({"dob": "soon"}), no_moment),
        (json!({"extra": null}), none),
        (json!({"extra": {"a": null}}), none),
        (json!({"extra": {"a": 1}}), "Value 1 is not a unicode string."),
        (
            json!({"subscription": []}),
            "Value [] should be a dict of subfield name-value pairs",
        ),
        (json!({"groups": "g1"}), "Value u'g1' should be a list of values"),
        (json!({"groups": [1]}), "Value 1 is not a unicode string."),
        (json!({"twitter_handle": "x".repeat(101)}), &long),
        (
            json!({"email_address": "x".repeat(4001)}),
            "A value of a contact is longer than 4000 characters.",
        ),
    ] {
        check_refused("update", json!({"key": "a", "fields": fields}), reason).await;
    }
    let unknown = "Unexpected extra initial fields [u'nose'] passed to model \
        <class 'go.vumitools.contact.models.Contact'>";
    check_refused(
        "save",
        json!({"contact": {"key": "a", "nose": "x", "msisdn": "+1"}}),
        unknown,
    )
    .await;
    check_refused("save", json!({"contact": {"key": "a", "surname": "x"}}), none).await;
}

#[tokio::test]
async fn an_update_changes_its_fields_and_adds_groups() {
    let step = &mut step();
    let fields = json!({"surname": "Moyo", "groups": ["g1", "g3"], "dob": "1990-05-01", "extra": {"beer": "Ale"},
        "key": "z", "user_account": "other", "$VERSION": 1, "nose": "x"});
    let mut expected = anna(
        json!({"surname": "Moyo", "groups": ["g1", "g2", "g3"], "dob": "1990-05-01 00:00:00.000000",
        "extras-beer": "Ale"}),
    );
    expected
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !["extras-town", "extras-child"].contains(&name.as_str()));
    check(
        step,
        "update",
        json!({"key": "a", "fields": fields}),
        is_shown(expected.clone()),
    )
    .await;
    check(step, "get_by_key", json!({"key": "a"}), is_shown(expected)).await;
    assert!(matches!(&step.outcome.contacts[..], [ContactWrite::Change { key, .. }] if key == "a"));
}

#[tokio::test]
async fn extras_and_subscriptions_are_added_to() {
    let step = &mut step();
    let params = json!({"key": "a", "fields": {"child": "☃", "beer": "Ale"}});
    let expected = anna(json!({"extras-child": "☃", "extras-beer": "Ale"}));
    check(step, "update_extras", params, is_shown(expected)).await;
    let params = json!({"key": "a", "fields": {"news": "1"}});
    let expected = anna(json!({"extras-child": "☃", "extras-beer": "Ale", "subscription-news": "1"}));
    check(step, "update_subscriptions", params, is_shown(expected)).await;
    let many: Object = (0..100).map(|at| (format!("n{at}"), "x".into())).collect();
    let full = json!({"success": false, "reason": "A contact may have at most 100 extras."});
    check(step, "update_extras", json!({"key": "a", "fields": many}), full).await;
    assert_eq!(step.outcome.contacts.len(), 2);
}

#[tokio::test]
async fn saving_puts_a_contact_in_the_place_of_the_old() {
    let step = &mut step();
    // As the toolkit sends it: all of a contact, its extras as an object.
    let contact = json!({"key": "a", "user_account": "clinic", "$VERSION": 2, "created_at": "2026-11-01 00:00:00.000000",
        "msisdn": "27831234567", "surname": "Robot", "name": null, "dob": null, "groups": ["g2", "g4"],
        "extra": {"baz": "qux"}, "subscription": {}});
    let mut expected = anna(json!({"name": null, "surname": "Robot", "groups": ["g2", "g4"], "extras-baz": "qux"}));
    expected
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !["extras-town", "extras-child"].contains(&name.as_str()));
    check(step, "save", json!({"contact": contact}), is_shown(expected.clone())).await;
    // And as a reply shows it.
    check(step, "save", json!({"contact": expected}), is_shown(expected.clone())).await;
}

#[tokio::test]
async fn a_new_contact_is_there_for_the_rest_of_the_step() {
    let step = &mut step();
    let made = say(
        step,
        "new",
        json!({"contact": {"surname": "Jones", "extra": {"town": "CPT"}, "nose": "x"}}),
    )
    .await;
    let (key, contact) = (made["contact"]["key"].clone(), made["contact"].clone());
    assert_eq!(contact["msisdn"], "unknown");
    assert_eq!(contact["created_at"], "2026-11-24 08:00:00.000000");
    assert_eq!(contact["extras-town"], "CPT");
    check(step, "get_by_key", json!({"key": key}), is_shown(contact)).await;
    check(
        step,
        "search",
        json!({"query": "surname:Jones"}),
        json!({"success": true, "keys": [key]}),
    )
    .await;
    let other = say(step, "new", json!({"contact": {"msisdn": "+27831234567"}})).await;
    assert_ne!(other["contact"]["key"], key);
    // Whoever was added last is meant by an address that two have.
    let got = say(step, "get", json!({"delivery_class": "sms", "addr": "+27831234567"})).await;
    assert_eq!(got["contact"]["key"], other["contact"]["key"]);
}

#[tokio::test]
async fn whoever_is_met_first_is_made_once() {
    let step = &mut step();
    let params = json!({"delivery_class": "ussd", "addr": "0830000000"});
    let made = say(step, "get_or_create", params.clone()).await;
    assert_eq!(
        (&made["created"], &made["contact"]["msisdn"]),
        (&json!(true), &json!("+27830000000"))
    );
    let again = say(step, "get_or_create", params.clone()).await;
    assert_eq!(
        (&again["created"], &again["contact"]),
        (&json!(false), &made["contact"])
    );
    // Another step that met them at the same time gives them the same key.
    let met = say(&mut self::step(), "get_or_create", params.clone()).await;
    assert_eq!(met["contact"]["key"], made["contact"]["key"]);
    // Who has another number now is somebody else.
    let moved = json!({"key": made["contact"]["key"], "fields": {"msisdn": "+27830000001"}});
    say(step, "update", moved).await;
    let next = say(step, "get_or_create", params).await;
    assert_eq!(next["created"], true);
    assert_ne!(next["contact"]["key"], made["contact"]["key"]);
    let tweeter = say(
        step,
        "get_or_create",
        json!({"delivery_class": "gtalk", "addr": "eve@a.org/phone"}),
    )
    .await;
    assert_eq!(tweeter["contact"]["gtalk_id"], "eve@a.org");
    assert_eq!(tweeter["contact"]["msisdn"], "unknown");
}

#[tokio::test]
async fn a_search_sees_the_steps_own_changes() {
    let step = &mut step();
    let found = |keys: &[&str]| json!({"success": true, "keys": keys});
    check(step, "search", json!({"query": "name:A*"}), found(&["a"])).await;
    check(step, "search", json!({"query": "*:*"}), found(&["a", "b"])).await;
    check(step, "search", json!({"query": "*:*", "max_keys": 1}), found(&["a"])).await;
    check(step, "search", json!({"query": "*:*", "max_keys": 0}), found(&[])).await;
    check(step, "search", json!({"query": "name:foo*"}), found(&[])).await;
    say(
        step,
        "update",
        json!({"key": "b", "fields": {"name": "Abel", "groups": ["g1"]}}),
    )
    .await;
    say(step, "update", json!({"key": "a", "fields": {"name": "Hanna"}})).await;
    check(step, "search", json!({"query": "name:A*"}), found(&["b"])).await;
    check(
        step,
        "search",
        json!({"query": "name:A*", "max_keys": 1}),
        found(&["b"]),
    )
    .await;
    check(step, "search", json!({"query": "groups:g1"}), found(&["a", "b"])).await;
}

#[tokio::test]
async fn a_search_gives_so_many_and_says_so() {
    let many: Vec<Value> = (0..1001)
        .map(|at| json!({"key": format!("{at:04}"), "name": "Anna"}))
        .collect();
    let (mut step, _) = step_with(many.into());
    let found = say(&mut step, "search", json!({"query": "name:Anna"})).await;
    assert_eq!(found["keys"].as_array().map(Vec::len), Some(1000));
    assert_eq!(
        step.outcome.log[0].message,
        "A search found more than 1000 contacts, and gave the first 1000."
    );
    let found = say(&mut step, "search", json!({"query": "name:Anna", "max_keys": 5})).await;
    assert_eq!(found["keys"].as_array().map(Vec::len), Some(5));
    assert_eq!(step.outcome.log.len(), 1);
}

#[tokio::test]
async fn what_a_step_did_is_all_in_its_changes() {
    let (mut step, held) = step_with(json!([{"key": "a", "name": "Anna", "msisdn": "+27831234567"}]));
    let step = &mut step;
    let made = say(
        step,
        "get_or_create",
        json!({"delivery_class": "ussd", "addr": "+27830000000"}),
    )
    .await;
    let key = made["contact"]["key"].as_str().unwrap().to_owned();
    say(step, "update_extras", json!({"key": key, "fields": {"a": "1"}})).await;
    say(
        step,
        "save",
        json!({"contact": {"key": "a", "msisdn": "+27831234567", "name": "Hanna"}}),
    )
    .await;
    say(step, "update", json!({"key": "a", "fields": {"surname": "Moyo"}})).await;
    let keys = [key.as_str(), "a"];
    assert_eq!(
        held.contact("a").await.unwrap().unwrap().field(Field::Name),
        Some("Anna"),
        "nothing is written yet"
    );
    let mut seen = Vec::new();
    for key in keys {
        seen.push(step.contact(key).await.unwrap().unwrap());
    }
    held.apply(&step.outcome.contacts);
    for (key, seen) in keys.into_iter().zip(seen) {
        assert_eq!(held.contact(key).await.unwrap(), Some(seen));
    }
}

#[tokio::test]
async fn a_step_writes_so_many_words_and_no_more() {
    let step = &mut step();
    let wordy = json!({"key": "b", "fields": {"note": "word ".repeat(700)}});
    for _ in 0..14 {
        assert_eq!(say(step, "update_extras", wordy.clone()).await["success"], true);
    }
    let full = "The contacts that a step changes may have 10000 words at most in all.";
    check(step, "update_extras", wordy, json!({"success": false, "reason": full})).await;
    assert_eq!(step.outcome.contacts.len(), 14);
}
