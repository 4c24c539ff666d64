//! Where an account wants to be called about its messages and events, and about which.

use crate::outgoing_http::Reach;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The fewest characters a secret has: what 128 random bits need in any usual writing.
const SECRET_CHARS: usize = 16;

/// An account's web hook: `[account.demo.webhook]`.
///
/// ```json
/// {"url": "https://example.org/ngoma", "secret": "…", "events": ["message", "delivery_report"]}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRecord {
    /// Where calls go.
    pub url: String,
    /// What calls are signed with.
    pub secret: Secret,
    /// What calls are about. None at all: nothing new is told.
    pub events: BTreeSet<Topic>,
    /// Whether the address may be in a private network.
    #[serde(default)]
    pub allow_private: bool,
}

impl WebhookRecord {
    /// Where calls may reach.
    pub(crate) fn reach(&self) -> Reach {
        match self.allow_private {
            true => Reach::Anywhere,
            false => Reach::PublicOnly,
        }
    }
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A person's message.
    Message,
    /// A channel took a message.
    Ack,
    /// A message was not sent, or nobody knows.
    Nack,
    /// The network says what became of a message.
    DeliveryReport,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The bytes that are signed with.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// What is wrong with it, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        let is_short = self.0.chars().count() < SECRET_CHARS;
        is_short.then(|| format!("has fewer than {SECRET_CHARS} characters: anybody could guess it"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_web_hook_is_stored_as_it_was_read_and_never_shows_its_secret() {
        let stored = json!({
            "url": "https://example.org/x", "secret": "0123456789abcdef", "events": ["message", "ack"],
            "allow_private": false
        });
        let record: WebhookRecord = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(&record).unwrap(), stored);
        assert!(!format!("{record:?}").contains("0123456789"), "{record:?}");
        assert_eq!(record.secret.problem(), None);
    }

    #[test]
    fn a_mistake_is_named() {
        let check = |change: (&str, serde_json::Value), expected: &str| {
            let mut record = json!({"url": "https://a.org", "secret": "s", "events": []});
            record[change.0] = change.1;
            let error = serde_json::from_value::<WebhookRecord>(record).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        };
        check(
            ("events", json!(["acks"])),
            "unknown variant `acks`, expected one of `message`, `ack`, `nack`, `delivery_report`",
        );
        check(("header", json!("x")), "unknown field `header`");
        assert!(Secret::new("short").problem().is_some());
    }
}
