//! How our types stand in columns.

use ngoma_message::MessageId;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

/// A message's id in a column: 16 bytes when it has our form, half the size of its text; else the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdColumn(pub(super) MessageId);

impl ToSql for IdColumn {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = self.0.as_str();
        Ok(match from_hex(text) {
            Some(bytes) => ToSqlOutput::Owned(Value::Blob(bytes)),
            None => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl FromSql for IdColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(Self(MessageId::from(to_hex(bytes)))),
            ValueRef::Text(text) => Ok(Self(MessageId::from(String::from_utf8_lossy(text).into_owned()))),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 32 {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn ids_come_back_as_they_went_in() {
        let db = Connection::open_in_memory().unwrap();
        let ours = MessageId::generate();
        let cases = [
            (ours.as_str(), "blob"),
            ("0123456789ABCDEF0123456789ABCDEF", "text"),
            ("any text", "text"),
            ("", "text"),
        ];
        for (id, expected) in cases {
            let (back, kind): (IdColumn, String) = db
                .query_row("SELECT ?1, typeof(?1)", [IdColumn(id.into())], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .unwrap();
            assert_eq!((back.0.as_str(), kind.as_str()), (id, expected));
        }
    }
}
