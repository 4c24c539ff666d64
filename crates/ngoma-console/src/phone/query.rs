//! What the page's address says beyond the store: whose handset it is, what is typed, what the handset alone knows.

use ngoma_message::{Address, Country};
use serde::{Deserialize, Serialize};

/// The number of the handset when none is given.
pub const DEFAULT_NUMBER: &str = "+27831234567";

/// The longest number, code or text taken from an address.
const LONGEST: usize = 200;

/// The query of `/phone`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// The handset's number.
    pub from: String,
    /// What is in the input line.
    pub typed: String,
    /// The key pressed last, to be added to it: only without JavaScript.
    pub key: String,
    /// The session the handset has forgotten because it lost the signal.
    pub lost: String,
    /// The session whose last screen was cleared away.
    pub cleared: String,
    /// The code that could not be dialled.
    pub failed: String,
    /// What the network answered then: a status code, or nothing when the code is unknown.
    pub status: String,
    /// The message whose trace is asked for.
    pub trace: String,
}

impl Query {
    /// What is in the input line, with the key pressed last.
    pub fn typed_with_key(&self) -> String {
        let key = Some(self.key.as_str())
            .filter(|key| key.chars().count() == 1)
            .unwrap_or_default();
        self.typed.chars().take(LONGEST).chain(key.chars()).collect()
    }
}

/// A number as typed, as E.164 where that is known; the default when nothing is typed. `country` is that of national
/// numbers.
pub fn handset_number(typed: &str, country: Option<Country>) -> Address {
    let typed: String = typed.trim().chars().take(LONGEST).collect();
    Address::tel(if typed.is_empty() { DEFAULT_NUMBER } else { &typed }, country)
}

/// The address of the page of this handset, with further values.
pub fn page_address(number: &Address, more: &[(&str, &str)]) -> String {
    let mut address = format!("/phone?from={}", encode(number.value()));
    for (name, value) in more {
        address.push_str(&format!("&{name}={}", encode(value)));
    }
    address
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded_whole() {
        let number = Address::new("tel", "+27831234567");
        let address = page_address(&number, &[("failed", "*1 2#&é")]);
        assert_eq!(address, "/phone?from=%2B27831234567&failed=%2A1%202%23%26%C3%A9");
    }

    #[test]
    fn numbers_are_read_as_the_channels_read_them() {
        fn check(typed: &str, expected: &str) {
            assert_eq!(handset_number(typed, Country::parse("ZA")).value(), expected);
        }
        check("", DEFAULT_NUMBER);
        check(" +27821112222 ", "+27821112222");
        check("082 111 2222", "+27821112222");
        check("nobody", "nobody");
    }

    #[test]
    fn a_pressed_key_is_added_to_what_is_typed() {
        fn check(typed: &str, key: &str, expected: &str) {
            let query = Query {
                typed: typed.to_owned(),
                key: key.to_owned(),
                ..Query::default()
            };
            assert_eq!(query.typed_with_key(), expected);
        }
        check("*12", "0", "*120");
        check("", "", "");
        check("1", "many", "1");
    }
}
