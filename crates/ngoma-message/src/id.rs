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

    /// The id of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes).simple().to_string())
    }

    /// The bytes of an id made here; nothing for an id from elsewhere that has another form.
    pub fn to_bytes(&self) -> Option<[u8; 16]> {
        let is_plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let has_form = self.0.len() == 32 && self.0.bytes().all(is_plain);
        let id = has_form.then(|| uuid::Uuid::try_parse(&self.0).ok()).flatten()?;
        Some(id.into_bytes())
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
    fn an_id_made_here_has_bytes_and_others_have_none() {
        let id = MessageId::generate();
        assert_eq!(id.to_bytes().map(MessageId::from_bytes), Some(id));
        for other in [
            "0123456789ABCDEF0123456789ABCDEF",
            "any text",
            "",
            "0193583ffb1c7a0ea2d94b6c0a3f5e1",
        ] {
            assert_eq!(MessageId::from(other).to_bytes(), None, "{other}");
        }
    }

    #[test]
    fn an_id_from_elsewhere_is_kept_as_it_is() {
        assert_eq!(MessageId::from("Any text").to_string(), "Any text");
        assert_eq!(MessageId::from("x".to_owned()).as_ref(), "x");
    }
}
