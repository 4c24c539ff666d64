//! The headers of a message: names with texts, numbers or flags.

use lapin::types::{AMQPValue, FieldTable, ShortString};
use std::collections::BTreeMap;

/// Headers by name.
pub type Headers = BTreeMap<String, HeaderValue>;

/// The value of a header. Values of other kinds in what arrives are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderValue {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

/// How many bytes they hold, names and values together.
pub(super) fn size(headers: &Headers) -> usize {
    let value_size = |value: &HeaderValue| match value {
        HeaderValue::Text(text) => text.len(),
        HeaderValue::Number(_) => 8,
        HeaderValue::Flag(_) => 1,
    };
    headers.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

/// Their form on the wire. No name may be longer than 255 bytes.
pub(super) fn to_table(headers: &Headers) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(name.as_str().into(), to_wire(value));
    }
    table
}

/// What can be read of a table.
pub(super) fn from_table(table: &FieldTable) -> Headers {
    let known = |(name, value): (&ShortString, &AMQPValue)| Some((name.to_string(), from_wire(value)?));
    table.into_iter().filter_map(known).collect()
}

fn to_wire(value: &HeaderValue) -> AMQPValue {
    match value {
        HeaderValue::Text(text) => AMQPValue::LongString(text.as_str().into()),
        HeaderValue::Number(number) => AMQPValue::LongLongInt(*number),
        HeaderValue::Flag(flag) => AMQPValue::Boolean(*flag),
    }
}

fn from_wire(value: &AMQPValue) -> Option<HeaderValue> {
    let number = match value {
        AMQPValue::LongString(text) => return Some(HeaderValue::Text(text.to_string())),
        AMQPValue::ShortString(text) => return Some(HeaderValue::Text(text.to_string())),
        AMQPValue::Boolean(flag) => return Some(HeaderValue::Flag(*flag)),
        AMQPValue::ShortShortInt(number) => i64::from(*number),
        AMQPValue::ShortShortUInt(number) => i64::from(*number),
        AMQPValue::ShortInt(number) => i64::from(*number),
        AMQPValue::ShortUInt(number) => i64::from(*number),
        AMQPValue::LongInt(number) => i64::from(*number),
        AMQPValue::LongUInt(number) => i64::from(*number),
        AMQPValue::LongLongInt(number) => *number,
        AMQPValue::Timestamp(seconds) => i64::try_from(*seconds).ok()?,
        _ => return None,
    };
    Some(HeaderValue::Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_from_the_wire_as_they_went() {
        let headers = Headers::from([
            ("account".to_owned(), HeaderValue::Text("klinik".to_owned())),
            ("attempt".to_owned(), HeaderValue::Number(-3)),
            ("urgent".to_owned(), HeaderValue::Flag(true)),
        ]);
        assert_eq!(size(&headers), 7 + 6 + 7 + 8 + 6 + 1);
        assert_eq!(from_table(&to_table(&headers)), headers);
    }

    #[test]
    fn numbers_of_any_width_are_read_and_other_kinds_left_out() {
        let mut table = FieldTable::default();
        table.insert("byte".into(), AMQPValue::ShortShortUInt(7));
        table.insert("word".into(), AMQPValue::LongInt(-7));
        table.insert("deaths".into(), AMQPValue::FieldTable(FieldTable::default()));
        let expected = [("byte", 7), ("word", -7)].map(|(name, number)| (name.to_owned(), HeaderValue::Number(number)));
        assert_eq!(from_table(&table), Headers::from(expected));
    }
}
