//! What is done with a message of which nobody knows whether it was sent: a channel's setting.

use std::fmt;
use std::str::FromStr;

/// What is done with a message of which nobody knows whether it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnAmbiguous {
    /// It stays unknown.
    #[default]
    Hold,
    /// Unless a receipt comes within a minute it is sent once more.
    Resend,
}

/// A text that is none of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing to do with a message that may have been sent: expected hold or resend")]
pub struct OnAmbiguousError(String);

impl OnAmbiguous {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Resend => "resend",
        }
    }
}

impl FromStr for OnAmbiguous {
    type Err = OnAmbiguousError;

    fn from_str(text: &str) -> Result<Self, OnAmbiguousError> {
        [Self::Hold, Self::Resend]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| OnAmbiguousError(text.to_owned()))
    }
}

impl fmt::Display for OnAmbiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// As it is written.
impl serde::Serialize for OnAmbiguous {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_with_a_message_that_may_have_been_sent_is_read_as_it_is_written() {
        for known in [OnAmbiguous::Hold, OnAmbiguous::Resend] {
            assert_eq!(known.to_string().parse(), Ok(known));
        }
        assert_eq!(
            "drop".parse::<OnAmbiguous>().unwrap_err().to_string(),
            "\"drop\" is nothing to do with a message that may have been sent: expected hold or resend"
        );
    }
}
