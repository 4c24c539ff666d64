//! What the tests of both wire forms make up: texts, times, JSON.

use crate::{Object, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

/// The object with these fields put over its own.
pub fn changed(mut json: Value, changes: Value) -> Value {
    if let (Value::Object(object), Value::Object(changes)) = (&mut json, changes) {
        object.extend(changes);
    }
    json
}

/// The time as a worker elsewhere writes it.
pub fn wire_time(moment: Timestamp) -> String {
    moment.to_datetime().format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

pub fn any_moment() -> impl Strategy<Value = Timestamp> {
    // Years 1 to 9999, as Python's datetime has them.
    (-62_135_596_800_000_000_i64..253_402_300_800_000_000).prop_map(Timestamp::from_micros)
}

pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,30}", "[a-z0-9]{0,32}", any_moment().prop_map(wire_time)]
}

pub fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,8}", inner, 0..4).prop_map(|object| object.into_iter().collect()),
        ]
    })
}

/// An object whose names are none of a message's own (none of those begins with an x).
pub fn any_object() -> impl Strategy<Value = Object> {
    prop::collection::hash_map("x[a-z_]{0,6}", any_value(), 0..4).prop_map(|object| object.into_iter().collect())
}
