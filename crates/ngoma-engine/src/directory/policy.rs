//! How a channel's messages are treated, apart from its type's own settings.

use crate::outbound::{OnAmbiguous, QuietHours, Rate};
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
    /// How fast it sends.
    #[serde(deserialize_with = "pace", skip_serializing_if = "is_default")]
    pub pace: Option<PaceSetting>,
    /// How many of its messages are on their way to the carrier at once, 1 to 10,000.
    #[serde(deserialize_with = "window", skip_serializing_if = "is_default")]
    pub window: Option<usize>,
    /// When it begins no conversation: `21:00-07:00 Africa/Johannesburg`. Answers and urgent messages go out all the same.
    #[serde(deserialize_with = "quiet_hours", skip_serializing_if = "is_default")]
    pub quiet_hours: Option<QuietHours>,
    /// How long a message is of use whose sender does not say, in seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub valid_for: Option<u64>,
    /// What is done with a message of which nobody knows whether it was sent.
    #[serde(deserialize_with = "on_ambiguous", skip_serializing_if = "is_default")]
    pub on_ambiguous: OnAmbiguous,
    /// How many seconds a receipt may take before a message that may have been sent is sent once more; 60 if not said.
    #[serde(skip_serializing_if = "is_default")]
    pub resend_after: Option<u64>,
    /// How many seconds what waits may take to send before more is refused; 10 hours if not said.
    #[serde(skip_serializing_if = "is_default")]
    pub max_backlog: Option<u64>,
    /// The channel of the account that tries what this one cannot send.
    #[serde(skip_serializing_if = "is_default")]
    pub fail_over: Option<String>,
}

/// How fast a channel sends, or all channels of an account together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaceSetting {
    /// Messages a second, 0.000001 to 1,000,000.
    pub per_second: f64,
    /// How many may go at once after a rest.
    #[serde(default = "one")]
    pub burst: u32,
}

/// The largest window.
const WIDEST: usize = 10_000;

fn one() -> u32 {
    1
}

pub(super) fn pace<'de, D: Deserializer<'de>>(field: D) -> Result<Option<PaceSetting>, D::Error> {
    let setting = PaceSetting::deserialize(field)?;
    let problem = |problem: &dyn std::fmt::Display| serde::de::Error::custom(format!("policy.pace: {problem}"));
    Rate::per_second(setting.per_second).map_err(|error| problem(&error))?;
    match setting.burst {
        0 => Err(problem(&"burst is at least 1")),
        _ => Ok(Some(setting)),
    }
}

fn window<'de, D: Deserializer<'de>>(field: D) -> Result<Option<usize>, D::Error> {
    let window = usize::deserialize(field)?;
    match (1..=WIDEST).contains(&window) {
        true => Ok(Some(window)),
        false => Err(serde::de::Error::custom(format!(
            "policy.window: is a number from 1 to {WIDEST}"
        ))),
    }
}

fn quiet_hours<'de, D: Deserializer<'de>>(field: D) -> Result<Option<QuietHours>, D::Error> {
    named("policy.quiet_hours", field).map(Some)
}

fn on_ambiguous<'de, D: Deserializer<'de>>(field: D) -> Result<OnAmbiguous, D::Error> {
    named("policy.on_ambiguous", field)
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

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
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
            json!({"pace": {"per_second": 0.5, "burst": 3}, "window": 10, "valid_for": 60}),
            json!({"quiet_hours": "21:00-07:00 Africa/Johannesburg", "on_ambiguous": "resend", "fail_over": "sms2"}),
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
        check(json!({"pace": {"per_second": 0.0}}), "policy.pace: 0 is no rate");
        check(json!({"pace": {"per_second": 1.0, "burst": 0}}), "policy.pace: burst");
        check(json!({"window": 0}), "policy.window: is a number");
        check(json!({"on_ambiguous": "drop"}), "policy.on_ambiguous: ");
        check(json!({"quiet_hours": "at night"}), "policy.quiet_hours: ");
        check(json!({"id_base": "octal"}), "policy.id_base: \"octal\" is no id base");
        check(
            json!({"speed": 1}),
            "unknown field `speed`, expected one of `id_base`, `paused`",
        );
    }
}
