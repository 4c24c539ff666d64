//! Reads a channel's settings into a struct; what cannot be used is named.

use ngoma_engine::channel::{Config, ConfigError};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::time::Duration;

/// Reads the settings of one channel. The struct denies unknown fields, so that a misspelt setting is an error.
pub fn read<T: DeserializeOwned>(config: &Config) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(Value::Object(config.0.clone()))
        .map_err(|error| ConfigError::new(error.path().to_string(), error.inner().to_string()))
}

/// For `#[serde(deserialize_with)]`: a duration with its unit, such as `5s`, `500ms` or `2m`.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).ok_or_else(|| Error::custom(format!("{text:?} is not a duration such as 500ms, 5s or 2m")))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|character: char| !character.is_ascii_digit())?;
    let (amount, unit) = text.split_at(unit_at);
    let amount: u64 = amount.parse().ok()?;
    match unit.trim() {
        "ms" => Some(Duration::from_millis(amount)),
        "s" => Some(Duration::from_secs(amount)),
        "m" => amount.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[serde(default, deserialize_with = "duration")]
        wait: Duration,
    }

    fn check(config: Value, expected: Result<Duration, (&str, &str)>) {
        let config_object = Config(config.as_object().cloned().expect("an object"));
        match (read::<Settings>(&config_object), expected) {
            (Ok(settings), Ok(wait)) => assert_eq!(settings.wait, wait, "{config}"),
            (Err(error), Err((field, problem))) => {
                assert_eq!(error.field, field, "{config}");
                assert!(error.problem.contains(problem), "{config}: {}", error.problem);
            }
            (read, expected) => panic!("{config}: {read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn settings_are_read_and_what_is_wrong_is_named() {
        check(json!({}), Ok(Duration::ZERO));
        check(json!({"wait": "5s"}), Ok(Duration::from_secs(5)));
        check(json!({"wait": "500ms"}), Ok(Duration::from_millis(500)));
        check(json!({"wait": "2 m"}), Ok(Duration::from_secs(120)));
        for nonsense in [
            "",
            "s",
            "5",
            "5h",
            "-5s",
            "1.5s",
            "5s5",
            "99999999999999999999s",
            "18446744073709551615m",
        ] {
            check(json!({ "wait": nonsense }), Err(("wait", "is not a duration such as")));
        }
        check(json!({"wait": 5}), Err(("wait", "expected a string")));
        check(
            json!({"wiat": "5s"}),
            Err(("wiat", "unknown field `wiat`, expected `wait`")),
        );
    }
}
