//! The settings of an `http_json` channel.

use crate::secret::Secret;
use ngoma_engine::channel::ConfigError;
use serde::Deserialize;
use url::Url;

/// ```toml
/// config = { send_url = "https://sms.example.org/send", secret = "3fb1c09e77", allow_private = false }
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpJsonConfig {
    /// Where messages are posted to; without it the channel only receives.
    pub send_url: Option<String>,
    /// What the secret's header carries, both ways.
    pub secret: Option<Secret>,
    /// Whether private networks may be called; the engine's HTTP client for this channel heeds it.
    #[serde(rename = "allow_private")]
    _allow_private: bool,
}

impl HttpJsonConfig {
    /// Refuses values that read well but cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        let Some(send_url) = &self.send_url else { return Ok(()) };
        let problem = match Url::parse(send_url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => return Ok(()),
            Ok(url) => format!("must begin with http:// or https://, not {}:", url.scheme()),
            Err(error) => format!("is not a URL such as https://sms.example.org/send: {error}"),
        };
        Err(ConfigError::new("send_url", problem))
    }
}
