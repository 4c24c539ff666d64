//! The shared secret of a channel and the gateway that calls it.

use crate::refusal::Refusal;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::fmt;
use subtle::ConstantTimeEq;

/// The header that carries a channel's secret, both ways.
pub const SECRET_HEADER: &str = "X-Ngoma-Secret";

/// A secret from the settings; it never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret as it is put into a header.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Refuses a request that does not carry the channel's secret, if the channel has one. How long the comparison takes
/// tells nothing about how much of the secret was right.
pub fn check(expected: Option<&Secret>, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(expected) = expected else { return Ok(()) };
    let given = headers.get(SECRET_HEADER).map_or(&b""[..], HeaderValue::as_bytes);
    if given.ct_eq(expected.0.as_bytes()).into() {
        return Ok(());
    }
    let error = format!("the header {SECRET_HEADER} is missing or wrong");
    Err(Refusal::new(StatusCode::UNAUTHORIZED, error))
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(D::Error::custom(
                "must be visible ASCII characters without spaces, at least one: it travels in a header",
            ));
        }
        Ok(Self(text))
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

    fn secret(text: &str) -> Result<Secret, serde_json::Error> {
        serde_json::from_value(text.into())
    }

    fn check_admits(expected: Option<&str>, given: Option<&str>, admitted: bool) {
        let expected = expected.map(|text| secret(text).expect("a good secret"));
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert(SECRET_HEADER, given.parse().expect("a header value"));
        }
        assert_eq!(check(expected.as_ref(), &headers).is_ok(), admitted, "{given:?}");
    }

    #[test]
    fn only_the_right_secret_is_admitted() {
        check_admits(None, None, true);
        check_admits(None, Some("anything"), true);
        check_admits(Some("drum"), Some("drum"), true);
        check_admits(Some("drum"), None, false);
        check_admits(Some("drum"), Some(""), false);
        check_admits(Some("drum"), Some("Drum"), false);
        check_admits(Some("drum"), Some("drums"), false);
    }

    #[test]
    fn a_secret_fits_into_a_header_and_never_shows_itself() {
        for nonsense in ["", "two words", "größe", "line\nbreak"] {
            assert!(secret(nonsense).is_err(), "{nonsense:?}");
        }
        let shown = format!("{:?}", secret("drum").expect("a good secret"));
        assert_eq!(shown, "Secret(…)");
    }
}
