//! Takes the fields of a Vumi message out of its JSON object one by one; what is left over is unknown and kept.

use super::{MESSAGE_VERSION, WireError};
use crate::{Object, Timestamp};
use serde_json::Value;

/// The fields not read yet.
pub(super) struct Fields(Object);

impl Fields {
    /// The fields of a message of this type and of the version we speak. A body's `__cache__` is another worker's
    /// scratch space and is not part of the message.
    pub(super) fn open(value: Value, message_type: &str) -> Result<Self, WireError> {
        let Value::Object(mut object) = value else {
            return Err(WireError::new("message", "must be a JSON object"));
        };
        object.remove("__cache__");
        let mut fields = Self(object);
        fields.expect("message_version", MESSAGE_VERSION)?;
        fields.expect("message_type", message_type)?;
        Ok(fields)
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, field: &str) -> Result<String, WireError> {
        self.text_or_null(field)?
            .ok_or_else(|| WireError::new(field, "must not be null"))
    }

    /// A text or null; the field must be there.
    pub(super) fn text_or_null(&mut self, field: &str) -> Result<Option<String>, WireError> {
        text_of(field, self.value(field)?)
    }

    /// A text or null; the field may be absent, which means the same as null.
    pub(super) fn optional_text(&mut self, field: &str) -> Result<Option<String>, WireError> {
        text_of(field, self.0.remove(field).unwrap_or(Value::Null))
    }

    /// Anything; the field must be there.
    pub(super) fn value(&mut self, field: &str) -> Result<Value, WireError> {
        self.0.remove(field).ok_or_else(|| WireError::new(field, "is missing"))
    }

    /// The moment in `timestamp`.
    pub(super) fn timestamp(&mut self) -> Result<Timestamp, WireError> {
        let text = self.text("timestamp")?;
        Timestamp::parse(&text)
            .ok_or_else(|| WireError::new("timestamp", "must be a time like 2026-11-23 08:30:00.123456"))
    }

    /// An object, empty where the field is absent; a null stays among the fields left over, see [`metadata_to_json`].
    pub(super) fn metadata(&mut self, field: &str) -> Result<Object, WireError> {
        match self.0.remove(field) {
            None => Ok(Object::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(Value::Null) => {
                self.0.insert(field.to_owned(), Value::Null);
                Ok(Object::new())
            }
            Some(_) => Err(WireError::new(field, "must be an object")),
        }
    }

    /// Refuses a message without this field, whatever its value.
    pub(super) fn require(&self, field: &str) -> Result<(), WireError> {
        if self.0.contains_key(field) {
            return Ok(());
        }
        Err(WireError::new(field, "is missing"))
    }

    /// The fields that nobody took.
    pub(super) fn rest(self) -> Object {
        self.0
    }

    fn expect(&mut self, field: &str, expected: &str) -> Result<(), WireError> {
        match self.value(field)? {
            Value::String(found) if found == expected => Ok(()),
            _ => Err(WireError::new(field, format!("must be \"{expected}\""))),
        }
    }
}

/// Writes an object of metadata; an empty one that came as null goes as null.
pub(super) fn metadata_to_json(field: &str, metadata: &Object, extra: &Object) -> Value {
    match extra.get(field) {
        Some(Value::Null) if metadata.is_empty() => Value::Null,
        _ => Value::Object(metadata.clone()),
    }
}

fn text_of(field: &str, value: Value) -> Result<Option<String>, WireError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(WireError::new(field, "must be text or null")),
    }
}
