//! The identity of a message.

use std::fmt;

/// Identifies a message or an event: 32 lower-case hexadecimal digits when made here (a UUIDv7, so ids sort by time),
/// any text when it came from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

impl MessageId {
    /// A new id; ids made later sort later.
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for MessageId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<String> for MessageId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for MessageId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_32_hexadecimal_digits_and_sorts_after_the_one_before() {
        let ids: Vec<MessageId> = (0..1000).map(|_| MessageId::generate()).collect();
        assert!(ids.is_sorted_by(|before, after| before < after));
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(
            ids.iter()
                .all(|id| id.as_str().len() == 32 && id.as_str().bytes().all(is_digit))
        );
    }

    #[test]
    fn an_id_from_elsewhere_is_kept_as_it_is() {
        assert_eq!(MessageId::from("Any text").to_string(), "Any text");
        assert_eq!(MessageId::from("x".to_owned()).as_ref(), "x");
    }
}
