//! Where in a dialogue a message stands.

use std::fmt;

/// The place of a message in a USSD (or other) session. Vumi: `session_event`; there `null` is no event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SessionEvent {
    /// The session begins with this message.
    New,
    /// The session goes on.
    Resume,
    /// The session ends with this message.
    Close,
    /// A word this version does not know, kept as it came.
    Other(String),
}

impl SessionEvent {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::New => "new",
            Self::Resume => "resume",
            Self::Close => "close",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for SessionEvent {
    fn from(word: &str) -> Self {
        match word {
            "new" => Self::New,
            "resume" => Self::Resume,
            "close" => Self::Close,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for SessionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_and_written_the_same() {
        let check = |word: &str, expected: SessionEvent| {
            assert_eq!(SessionEvent::from(word), expected);
            assert_eq!(expected.to_string(), word);
        };
        check("new", SessionEvent::New);
        check("resume", SessionEvent::Resume);
        check("close", SessionEvent::Close);
        check("timeout", SessionEvent::Other("timeout".to_owned()));
        check("NEW", SessionEvent::Other("NEW".to_owned()));
        check("", SessionEvent::Other(String::new()));
    }
}
