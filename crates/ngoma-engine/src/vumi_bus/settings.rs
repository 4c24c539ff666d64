//! What a worker on a Vumi bus is told.

use crate::amqp::Bus;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The longest name, in bytes: a queue's name is at most 255 with its ending.
const NAME_BYTES: usize = 200;

/// ```toml
/// config = { url = "amqp://vumi:drum@mq.example.org/%2fvumi", transport_name = "sms_transport" }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorSettings {
    /// Where the broker is.
    pub url: BusUrl,
    /// Vumi's `transport_name`: what the queues' names begin with.
    #[serde(deserialize_with = "name")]
    pub transport_name: String,
    /// The name under which we send heartbeats; none are sent without.
    #[serde(default, deserialize_with = "optional_name")]
    pub worker_name: Option<String>,
    /// The worker name of the other side, whose heartbeats are watched.
    #[serde(default, deserialize_with = "optional_name")]
    pub watch: Option<String>,
}

/// The address of a broker, which holds a password and never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct BusUrl(String);

impl BusUrl {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for BusUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Bus::check_url(&text).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

impl fmt::Debug for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusUrl(…)")
    }
}

/// For `#[serde(deserialize_with)]`: a name of a transport or a worker.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(D::Error::custom(format!(
            "a name must be 1 to {NAME_BYTES} visible ASCII characters without spaces, such as sms_transport"
        )));
    }
    Ok(name)
}

fn optional_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    name(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(settings: Value, problem: Option<&str>) {
        let read: Result<ConnectorSettings, _> = serde_json::from_value(settings.clone());
        match (&read, problem) {
            (Ok(read), None) => assert!(!format!("{read:?}").contains("drum"), "{read:?}"),
            (Err(error), Some(problem)) => {
                assert!(error.to_string().contains(problem), "{error}");
                assert!(!error.to_string().contains("drum"), "{error}");
            }
            _ => panic!("{settings}: {read:?}"),
        }
    }

    #[test]
    fn settings_are_read_and_never_show_a_password() {
        let url = "amqp://me:drum@mq.example.org/v";
        check(json!({ "url": url, "transport_name": "sms" }), None);
        check(
            json!({ "url": url, "transport_name": "sms", "worker_name": "ngoma", "watch": "app" }),
            None,
        );
        check(json!({ "url": url }), Some("missing field `transport_name`"));
        check(
            json!({ "url": "http://me:drum@mq.example.org", "transport_name": "sms" }),
            Some("does not begin with amqp://"),
        );
        for name in ["", "two words", "größe", &"n".repeat(201)] {
            check(json!({ "url": url, "transport_name": name }), Some("must be 1 to 200"));
        }
        check(
            json!({ "url": url, "transport_name": "sms", "extra": 1 }),
            Some("unknown field"),
        );
    }
}
