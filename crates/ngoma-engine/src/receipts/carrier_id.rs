//! A carrier's id of a message in one form, however the answer to sending and the receipt write it.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// How a channel's carrier writes ids: the setting `id_base`. SMPP leaves their form to the carrier (§5.2.23), and many
/// give a hexadecimal number in the answer and the same number in decimal in the receipt.
///
/// Written as a base for both sides, `decimal` or `hex`, or as the answer's and the receipt's, `hex/decimal`. Numbers lose
/// the zeros before them, their case and `0x`. `0x` makes a number hexadecimal whatever the setting.
///
/// What no base reads stays as it is: words, numbers of more than 128 bits. So ids of such length meet only when both
/// sides write them the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdBase {
    /// Ids are texts: two are the same when they are written the same.
    #[default]
    AsIs,
    /// Each side has its base.
    Bases {
        /// That of the answer to sending.
        response: Base,
        /// That of the receipt.
        receipt: Base,
    },
    /// A number with `0x` or a letter is hexadecimal, one of digits alone is decimal. A guess: a hexadecimal number may
    /// have no letter, so one id in forty of eight digits is not found, or is taken for another. Better than nothing
    /// while the carrier's way is not known.
    Auto,
}

/// The base of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Ten.
    Decimal,
    /// Sixteen.
    Hex,
}

/// Where an id was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// In the carrier's answer to sending.
    Response,
    /// In a receipt.
    Receipt,
}

/// A text that says no base.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no id base: expected as_is, decimal, hex or auto, or the answer's and the receipt's, as hex/decimal")]
pub struct IdBaseError(String);

/// The form of an id under which both sides meet.
pub(crate) fn canonical(setting: IdBase, side: Side, text: &str) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let number = match (setting, side) {
        (IdBase::AsIs, _) => None,
        (IdBase::Auto, _) => guess(text),
        (IdBase::Bases { response, .. }, Side::Response) => read(response, text),
        (IdBase::Bases { receipt, .. }, Side::Receipt) => read(receipt, text),
    };
    number.map_or_else(|| text.to_owned(), |number| number.to_string())
}

fn guess(text: &str) -> Option<u128> {
    read(Base::Decimal, text).or_else(|| read(Base::Hex, text))
}

fn read(base: Base, text: &str) -> Option<u128> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return number(digits, 16);
    }
    match base {
        Base::Decimal => number(text, 10),
        Base::Hex => number(text, 16),
    }
}

/// The number of digits alone: a sign would be read too.
fn number(digits: &str, radix: u32) -> Option<u128> {
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u128::from_str_radix(digits, radix).ok()).flatten()
}

impl FromStr for IdBase {
    type Err = IdBaseError;

    fn from_str(text: &str) -> Result<Self, IdBaseError> {
        let bases = || {
            let (response, receipt) = text.split_once('/').unwrap_or((text, text));
            let (response, receipt) = (base(response)?, base(receipt)?);
            Some(Self::Bases { response, receipt })
        };
        match text {
            "as_is" => Ok(Self::AsIs),
            "auto" => Ok(Self::Auto),
            _ => bases().ok_or_else(|| IdBaseError(text.to_owned())),
        }
    }
}

fn base(word: &str) -> Option<Base> {
    [Base::Decimal, Base::Hex]
        .into_iter()
        .find(|known| known.as_str() == word)
}

impl Base {
    fn as_str(self) -> &'static str {
        match self {
            Self::Decimal => "decimal",
            Self::Hex => "hex",
        }
    }
}

impl Serialize for IdBase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for IdBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsIs => f.write_str("as_is"),
            Self::Auto => f.write_str("auto"),
            Self::Bases { response, receipt } if response == receipt => f.write_str(response.as_str()),
            Self::Bases { response, receipt } => write!(f, "{}/{}", response.as_str(), receipt.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks an answer's id and a receipt's, and whether they meet.
    fn check(setting: &str, response: &str, receipt: &str, expected: Result<&str, [&str; 2]>) {
        let setting: IdBase = setting.parse().unwrap();
        let found = [(Side::Response, response), (Side::Receipt, receipt)];
        let found = found.map(|(side, text)| canonical(setting, side, text));
        assert_eq!(
            found,
            expected.map_or_else(|apart| apart, |both| [both, both]),
            "{setting} {response} {receipt}"
        );
    }

    #[test]
    fn the_two_sides_meet_as_the_setting_says() {
        check("as_is", "00aF", " 00aF\0", Ok("00aF"));
        check("as_is", "00aF", "aF", Err(["00aF", "aF"]));
        check("decimal", "0000001234", "1234", Ok("1234"));
        check("decimal", "0x4D2", "1234", Ok("1234"));
        check("decimal", "4d2", "1234", Err(["4d2", "1234"]));
        check("hex", "00FF", "ff", Ok("255"));
        check("hex", "0XfF", "000000ff", Ok("255"));
        check("hex", "255", "ff", Err(["597", "255"]));
        check("hex/decimal", "1A2B3C4D", "0439041101", Ok("439041101"));
        check("hex/decimal", "00001234", "4660", Ok("4660"));
        check("decimal/hex", "0439041101", "1a2b3c4d", Ok("439041101"));
        check("auto", "1A2B3C4D", "0439041101", Ok("439041101"));
        check("auto", "0x1234", "4660", Ok("4660"));
        check("auto", "0007", "7", Ok("7"));
        check("hex", "0000", "0", Ok("0"));
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        let uuid = "0192f1c2-7a4e-7c3b-9d2e-aa00bb11cc22";
        let long = "1".repeat(40);
        for setting in ["decimal", "hex", "hex/decimal", "auto"] {
            for text in [uuid, "MSG-0001", "+12", "-1", "", "0x", "12 34", "१२", &long] {
                check(setting, text, text, Ok(text));
            }
        }
        check(
            "hex",
            &"f".repeat(32),
            &format!("0x{}", "F".repeat(32)),
            Ok(&u128::MAX.to_string()),
        );
    }

    #[test]
    fn a_guess_fails_where_a_hexadecimal_number_has_no_letter() {
        check("auto", "00001234", "4660", Err(["1234", "4660"]));
    }

    #[test]
    fn a_setting_is_read_as_it_is_written() {
        for text in ["as_is", "auto", "decimal", "hex", "hex/decimal", "decimal/hex"] {
            assert_eq!(text.parse::<IdBase>().unwrap().to_string(), text);
        }
        assert_eq!("hex/hex".parse::<IdBase>(), "hex".parse());
        for text in ["", "octal", "hex/", "hex/auto", "hex/decimal/hex", "Hex"] {
            let expected = "expected as_is, decimal, hex or auto, or the answer's and the receipt's, as hex/decimal";
            let error = text.parse::<IdBase>().unwrap_err().to_string();
            assert_eq!(error, format!("{text:?} is no id base: {expected}"));
        }
    }

    fn some_base() -> impl Strategy<Value = Base> {
        prop::sample::select(vec![Base::Decimal, Base::Hex])
    }

    /// How a carrier may write a number in a base: padded, in either case, with `0x`.
    fn written(base: Base) -> impl Strategy<Value = fn(u128, usize) -> String> {
        let ways: Vec<fn(u128, usize) -> String> = match base {
            Base::Decimal => vec![|number, width| format!("{number:0width$}")],
            Base::Hex => vec![
                |number, width| format!("{number:0width$x}"),
                |number, width| format!("{number:0width$X}"),
                |number, width| format!("0x{number:0width$x}"),
            ],
        };
        prop::sample::select(ways)
    }

    proptest! {
        #[test]
        fn a_number_meets_itself_in_both_bases_and_never_another(
            (response, write_response) in some_base().prop_flat_map(|base| (Just(base), written(base))),
            (receipt, write_receipt) in some_base().prop_flat_map(|base| (Just(base), written(base))),
            number in any::<u128>().prop_flat_map(|number| (0_u32..128).prop_map(move |bits| number >> bits)),
            other in any::<u128>().prop_flat_map(|number| (0_u32..128).prop_map(move |bits| number >> bits)),
            widths in (0_usize..45, 0_usize..45),
        ) {
            let setting = IdBase::Bases { response, receipt };
            let sent = canonical(setting, Side::Response, &write_response(number, widths.0));
            let received = |number| canonical(setting, Side::Receipt, &write_receipt(number, widths.1));
            prop_assert_eq!(&sent, &received(number));
            prop_assert_eq!(number == other, sent == received(other));
        }

        #[test]
        fn no_text_is_too_odd_and_none_grows_beyond_39_digits(text in "[0-9a-fA-F]{1,50}|.*", base in some_base()) {
            let setting = IdBase::Bases { response: base, receipt: base };
            prop_assert!(canonical(setting, Side::Receipt, &text).len() <= text.len().max(39));
        }
    }
}
