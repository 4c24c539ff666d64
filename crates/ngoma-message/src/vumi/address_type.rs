//! Vumi's address types beside our schemes.

use crate::{Address, Country, Object};
use serde_json::Value;

/// Vumi's address types and the scheme of each.
const TYPES: [(&str, &str); 7] = [
    ("msisdn", "tel"),
    ("irc_nickname", "irc"),
    ("twitter_handle", "twitter"),
    ("gtalk_id", "gtalk"),
    ("jabber_id", "xmpp"),
    ("mxit_id", "mxit"),
    ("wechat_id", "wechat"),
];

/// An address of one of Vumi's types, `msisdn` and the like, as a person may write it: a telephone's becomes E.164, with
/// the country for national forms.
pub fn address_of(kind: &str, value: &str, country: Option<Country>) -> Address {
    match scheme(Some(kind)) {
        "tel" => Address::tel(value, country),
        scheme => Address::new(scheme, value),
    }
}

/// The address of an `*_addr` field and its `*_addr_type`. No type means a telephone; a type that Vumi does not have is a
/// scheme of its own. A type that would not be written back the same way is kept in `extra`.
pub(super) fn read(field: &str, value: Option<String>, kind: Option<String>, extra: &mut Object) -> Option<Address> {
    let address = value.map(|value| Address::new(scheme(kind.as_deref()), value));
    if usual(address.as_ref()) != kind.as_deref() {
        extra.insert(field.to_owned(), kind.map_or(Value::Null, Value::String));
    }
    address
}

/// The `*_addr_type` of an address: the one it came with when that still names the address's scheme.
pub(super) fn write(field: &str, address: Option<&Address>, extra: &Object) -> Value {
    let came_with = match extra.get(field) {
        Some(Value::Null) => Some(None),
        Some(Value::String(kind)) => Some(Some(kind.as_str())),
        _ => None,
    };
    let still_true = |kind: &Option<&str>| address.is_none_or(|address| scheme(*kind) == address.scheme());
    let kind = came_with.filter(still_true).unwrap_or_else(|| usual(address));
    kind.map_or(Value::Null, Value::from)
}

fn scheme(kind: Option<&str>) -> &str {
    match kind {
        None | Some("") => "tel",
        Some(kind) => TYPES
            .iter()
            .find(|(name, _)| *name == kind)
            .map_or(kind, |(_, scheme)| scheme),
    }
}

/// The type written for an address that came without one: none where there is no address.
fn usual(address: Option<&Address>) -> Option<&str> {
    let scheme = address?.scheme();
    Some(
        TYPES
            .iter()
            .find(|(_, known)| *known == scheme)
            .map_or(scheme, |(name, _)| name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_type_is_written_in_one_way() {
        let check = |kind: &str, value: &str, country: Option<&str>, expected: &str| {
            let country = country.and_then(Country::parse);
            assert_eq!(address_of(kind, value, country).to_string(), expected, "{kind} {value}");
        };
        check("msisdn", "+27831234567", None, "tel:+27831234567");
        check("msisdn", "083 123 4567", Some("ZA"), "tel:+27831234567");
        check("msisdn", "27831234567", Some("ZA"), "tel:+27831234567");
        check("", "+27831234567", None, "tel:+27831234567");
        check("twitter_handle", "@anna", Some("ZA"), "twitter:@anna");
        check("telegram", "123", None, "telegram:123");
    }
}
