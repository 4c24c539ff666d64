//! How a channel's messages are treated, apart from its type's own settings.

use crate::receipts::IdBase;
use serde::{Deserialize, Deserializer, Serialize};

/// A channel's policy: `[account.demo.channel.sms.policy]`. What is not said is as by default, and is not stored.
///
/// ```json
/// {"id_base": "hex", "paused": true}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelPolicy {
    /// How the carrier writes its ids in answers to sending and in receipts.
    #[serde(deserialize_with = "id_base", skip_serializing_if = "is_default")]
    pub id_base: IdBase,
    /// Whether nothing is sent: messages wait. What a person in a session waits for is answered all the same.
    #[serde(skip_serializing_if = "is_default")]
    pub paused: bool,
}

fn id_base<'de, D: Deserializer<'de>>(field: D) -> Result<IdBase, D::Error> {
    named("policy.id_base", field)
}

/// Reads a field given as text; an error names it.
fn named<'de, T, D>(name: &str, field: D) -> Result<T, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(field)?;
    text.parse()
        .map_err(|problem| serde::de::Error::custom(format!("{name}: {problem}")))
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_policy_is_stored_as_it_was_read() {
        for stored in [
            json!({}),
            json!({"id_base": "hex/decimal"}),
            json!({"id_base": "auto", "paused": true}),
        ] {
            let policy: ChannelPolicy = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(serde_json::to_value(policy).unwrap(), stored);
        }
        let said: ChannelPolicy = serde_json::from_value(json!({"id_base": "as_is", "paused": false})).unwrap();
        assert_eq!(serde_json::to_value(said).unwrap(), json!({}));
    }

    #[test]
    fn an_error_names_its_field() {
        let check = |policy: Value, expected: &str| {
            let error = serde_json::from_value::<ChannelPolicy>(policy).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        check(json!({"id_base": "octal"}), "policy.id_base: \"octal\" is no id base");
        check(
            json!({"speed": 1}),
            "unknown field `speed`, expected `id_base` or `paused`",
        );
    }
}
