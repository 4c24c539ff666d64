//! Who a message is from or for: a scheme and a value, telephone numbers as E.164.

mod country;
mod number;

pub use country::Country;

use std::fmt;

/// The longest address kept from outside, in characters; what is longer is cut.
const MAX_LENGTH: usize = 256;

/// The networks whose names are read in `scheme:value`.
const SCHEMES: [&str; 17] = [
    "tel",
    "discord",
    "facebook",
    "gtalk",
    "instagram",
    "irc",
    "line",
    "mailto",
    "matrix",
    "mxit",
    "signal",
    "telegram",
    "twitter",
    "viber",
    "wechat",
    "whatsapp",
    "xmpp",
];

/// A place on some network: `tel:+27831234567`, `tel:*120*8864#`, `telegram:123`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    scheme: String,
    value: String,
}

impl Address {
    /// An address of any scheme, its value as given.
    pub fn new(scheme: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            scheme: scheme.into(),
            value: value.into(),
        }
    }

    /// A telephone address: a subscriber's number becomes E.164 (`+27831234567`), with the channel's country for national
    /// forms (`083 123 4567`); short codes, USSD codes and sender names stay as they are.
    pub fn tel(number: &str, country: Option<Country>) -> Self {
        let kept = bounded(number);
        let value = number::read(kept, country).unwrap_or_else(|| kept.to_owned());
        Self::new("tel", value)
    }

    /// Reads `scheme:value`; text without a known scheme is a telephone address without a country.
    pub fn parse(text: &str) -> Self {
        let Some((name, value)) = text.split_once(':') else {
            return Self::tel(text, None);
        };
        let name = name.trim().to_ascii_lowercase();
        match SCHEMES.iter().find(|scheme| **scheme == name) {
            Some(&"tel") => Self::tel(value, None),
            Some(scheme) => Self::new(*scheme, bounded(value)),
            None => Self::tel(text, None),
        }
    }

    /// The network: `tel`, `telegram`, …
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The address within its network.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.value)
    }
}

/// The text without space around it and no longer than an address may be.
fn bounded(text: &str) -> &str {
    let text = text.trim();
    let end = text.char_indices().nth(MAX_LENGTH).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(number: &str, country: &str, expected: &str) {
        let found = Address::tel(number, Country::parse(country));
        assert_eq!(found.value(), expected, "{number:?} in {country:?}");
        assert_eq!(found.scheme(), "tel");
    }

    #[test]
    fn a_number_with_a_plus_is_international() {
        for country in ["", "ZA", "US", "IT", "RU"] {
            check("+27831234567", country, "+27831234567");
            check("  +27 83 123-4567\n", country, "+27831234567");
            check("+27 (0)83 123 4567", country, "+27831234567");
            check("+27 083 123 4567", country, "+27831234567");
            check("+39 06 1234 5678", country, "+390612345678");
            check("+225 07 12 34 56 78", country, "+2250712345678");
            check(
                "\u{202A}+27\u{A0}83\u{2011}123\u{2011}4567\u{202C}",
                country,
                "+27831234567",
            );
            check("+1 (202) 555-0123", country, "+12025550123");
            check("(+27) 83 123 4567", country, "+27831234567");
            check("+683 4000", country, "+6834000");
            check("+881612345678", country, "+881612345678");
        }
    }

    #[test]
    fn an_international_prefix_reads_as_a_plus() {
        check("0027831234567", "ZA", "+27831234567");
        check("00 27 83 123 4567", "", "+27831234567");
        check("0027831234567", "DE", "+27831234567");
        check("011 27 83 123 4567", "US", "+27831234567");
        check("011 27 83 123 4567", "JM", "+27831234567");
        check("0027831234567", "US", "+27831234567");
        check("000 27 83 123 4567", "KE", "+27831234567");
        check("00 27 83 123 4567", "KE", "+27831234567");
        check("0011 27 83 123 4567", "AU", "+27831234567");
        check("009 27 83 123 4567", "NG", "+27831234567");
        check("8 10 27 83 123 4567", "RU", "+27831234567");
        check("010 27 83 123 4567", "JP", "+27831234567");
        check("119 27 83 123 4567", "CU", "+27831234567");
        check("0 27 83 123 4567", "WS", "+27831234567");
        check("00 27 (0) 83 123 4567", "GB", "+27831234567");
    }

    #[test]
    fn a_trunk_prefix_gives_way_to_the_calling_code() {
        check("083 123 4567", "ZA", "+27831234567");
        check("(083) 123-4567", "ZA", "+27831234567");
        check("0712 345678", "KE", "+254712345678");
        check("0803 123 4567", "NG", "+2348031234567");
        check("020 7946 0018", "GB", "+442079460018");
        check("030 12345", "DE", "+493012345");
        check("0151 12345678", "DE", "+4915112345678");
        check("0812-3456-78901", "ID", "+62812345678901");
        check("06 30 123 4567", "HU", "+36301234567");
        check("06 1 234 5678", "HU", "+3612345678");
        check("8 916 123-45-67", "RU", "+79161234567");
        check("8 701 123 4567", "KZ", "+77011234567");
        check("8 029 491-19-11", "BY", "+375294911911");
        check("1 202 555 0123", "US", "+12025550123");
        check("09171234567", "PH", "+639171234567");
    }

    #[test]
    fn a_national_number_without_a_trunk_prefix_gets_the_calling_code() {
        check("831234567", "ZA", "+27831234567");
        check("202 555 0123", "US", "+12025550123");
        check("876 555 0123", "JM", "+18765550123");
        check("916 123 45 67", "RU", "+79161234567");
        check("816 123 45 67", "RU", "+78161234567");
        check("06 1234 5678", "IT", "+390612345678");
        check("333 123 4567", "IT", "+393331234567");
        check("07 12 34 56 78", "CI", "+2250712345678");
        check("71 234 567", "BW", "+26771234567");
        check("251 2345", "SC", "+2482512345");
        check("55 98765-4321", "BR", "+5555987654321");
    }

    #[test]
    fn a_bare_international_number_is_known_by_its_length() {
        check("27831234567", "ZA", "+27831234567");
        check("27831234567", "", "+27831234567");
        check("270831234567", "ZA", "+27831234567");
        check("278312345", "ZA", "+27278312345");
        check("26771234567", "ZA", "+26771234567");
        check("12025550123", "ZA", "+12025550123");
        check("67620123", "TO", "+67620123");
        check("5215512345678", "MX", "+5215512345678");
        check("628123456789", "ID", "+628123456789");
        check("393331234567", "IT", "+393331234567");
        check("79161234567", "RU", "+79161234567");
        check("77011234567", "KZ", "+77011234567");
        check("12345678", "", "+12345678");
        check("123456789012345", "", "+123456789012345");
    }

    #[test]
    fn short_codes_stay_as_they_are() {
        for country in ["", "ZA", "US", "IT", "SC"] {
            for code in ["1", "121", "88640", "082112", "123456"] {
                check(code, country, code);
            }
        }
        check("1234567", "ZA", "1234567");
        check("1234567", "", "1234567");
    }

    #[test]
    fn codes_and_names_stay_as_they_are() {
        for country in ["", "ZA", "US"] {
            check("*120*8864#", country, "*120*8864#");
            check(" *120*8864*27831234567# ", country, "*120*8864*27831234567#");
            check("CLINIC", country, "CLINIC");
            check(" Ma Clinic ", country, "Ma Clinic");
            check("Bank24", country, "Bank24");
        }
    }

    #[test]
    fn odd_input_stays_as_it_is() {
        for country in ["", "ZA", "US"] {
            for odd in [
                "",
                "+",
                "++27831234567",
                "+0831234567",
                "27+831234567",
                "()",
                "héllo",
                "🎉",
                "a:b",
                "a@b.c",
                "+12",
            ] {
                check(odd, country, odd);
            }
            check(&"9".repeat(16), country, &"9".repeat(16));
            check(&"9".repeat(300), country, &"9".repeat(256));
            check(&"ü".repeat(300), country, &"ü".repeat(256));
        }
        check("083 123 4567", "", "0831234567");
        check("083 123 456 789", "ZA", "083123456789");
        check("011 27 83 123 4567", "CV", "01127831234567");
    }

    #[test]
    fn a_scheme_is_read_when_it_is_known() {
        let check = |text: &str, scheme: &str, value: &str| {
            assert_eq!(Address::parse(text), Address::new(scheme, value), "{text:?}");
        };
        check("tel:+27 83 123 4567", "tel", "+27831234567");
        check("TEL:27831234567", "tel", "+27831234567");
        check("tel:*120*8864#", "tel", "*120*8864#");
        check("+27831234567", "tel", "+27831234567");
        check("27831234567", "tel", "+27831234567");
        check("*120*8864#", "tel", "*120*8864#");
        check("telegram:123", "telegram", "123");
        check("whatsapp: +27831234567 ", "whatsapp", "+27831234567");
        check("mailto:a@b.example", "mailto", "a@b.example");
        check("xmpp:a@b.example/home:1", "xmpp", "a@b.example/home:1");
        check("nothing:known", "tel", "nothing:known");
        check(":", "tel", ":");
        check("", "tel", "");
    }

    fn countries() -> impl Strategy<Value = Option<Country>> {
        let codes = [
            "", "ZA", "US", "IT", "HU", "RU", "ID", "WS", "CU", "NU", "GA", "DE", "CI", "JP",
        ];
        prop::sample::select(codes.to_vec()).prop_map(Country::parse)
    }

    fn likely_numbers() -> impl Strategy<Value = String> {
        prop_oneof![
            r"\PC{0,40}",
            r"[+]?[0-9 ()-]{0,20}",
            r"(\+|00|0|011|810)?(27|1|7|39|36|62)?[0-9]{0,13}",
            ".{250,270}"
        ]
    }

    proptest! {
        #[test]
        fn reading_twice_is_reading_once(text in likely_numbers(), country in countries()) {
            let once = Address::tel(&text, country);
            prop_assert!(once.value().chars().count() <= MAX_LENGTH);
            prop_assert_eq!(&Address::tel(once.value(), country), &once);
        }

        #[test]
        fn what_is_written_reads_back(text in likely_numbers(), country in countries()) {
            let number = Address::tel(&text, country);
            if number.value().starts_with('+') {
                prop_assert_eq!(&Address::parse(&number.to_string()), &number);
            }
            let parsed = Address::parse(&text);
            prop_assert_eq!(&Address::parse(&parsed.to_string()), &parsed);
        }

        #[test]
        fn any_country_code_is_taken_or_refused(code in ".*") {
            let found = Country::parse(&code).map(Country::code);
            prop_assert!(found.is_none_or(|found| found.eq_ignore_ascii_case(code.trim())));
        }
    }
}
