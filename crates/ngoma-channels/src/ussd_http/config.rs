//! The settings of a `ussd_http` channel.

use crate::secret::Secret;
use crate::settings;
use ngoma_engine::channel::ConfigError;
use serde::Deserialize;
use std::time::Duration;

/// The longest deadline; networks end a session of their own accord long before.
const LONGEST_DEADLINE: Duration = Duration::from_secs(120);

/// The longest fallback text, in characters: it fits on every network's screen.
const LONGEST_FALLBACK: usize = 160;

/// ```toml
/// config = { secret = "3fb1c09e77", deadline = "5s", fallback = "Please dial again later." }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UssdHttpConfig {
    /// What the gateway must send in the secret's header.
    pub secret: Option<Secret>,
    /// How long a service may take to answer.
    #[serde(deserialize_with = "settings::duration")]
    pub deadline: Duration,
    /// What a person reads when no answer came.
    pub fallback: String,
}

impl UssdHttpConfig {
    /// Refuses values that read well but cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.deadline.is_zero() || self.deadline > LONGEST_DEADLINE {
            return Err(ConfigError::new("deadline", "must be longer than 0 and at most 2m"));
        }
        let length = self.fallback.chars().count();
        if length == 0 || length > LONGEST_FALLBACK {
            let problem = format!("must have 1 to {LONGEST_FALLBACK} characters");
            return Err(ConfigError::new("fallback", problem));
        }
        Ok(())
    }
}

impl Default for UssdHttpConfig {
    fn default() -> Self {
        Self {
            secret: None,
            deadline: Duration::from_secs(5),
            fallback: "We cannot answer now. Please dial again later.".to_owned(),
        }
    }
}
