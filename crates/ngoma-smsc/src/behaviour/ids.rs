//! How a carrier writes the ids of messages: many write them otherwise in receipts than in their answers.

use super::{InvalidBehaviour, check_words};
use serde::{Deserialize, Serialize};

/// How many digits a padded id has.
const PADDED: usize = 20;

/// How ids are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ids {
    /// What stands before the number.
    pub prefix: String,
    /// In the answer to a message.
    pub answer: Base,
    /// In receipts.
    pub receipt: Base,
}

/// How the number of an id is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// `6699`
    #[default]
    Decimal,
    /// `00000000000000006699`
    PaddedDecimal,
    /// `1a2b`
    Hex,
    /// `1A2B`
    HexUpper,
}

impl Base {
    fn write(self, number: u64) -> String {
        match self {
            Self::Decimal => number.to_string(),
            Self::PaddedDecimal => format!("{number:0PADDED$}"),
            Self::Hex => format!("{number:x}"),
            Self::HexUpper => format!("{number:X}"),
        }
    }

    fn read(self, digits: &str) -> Option<u64> {
        match self {
            Self::Decimal | Self::PaddedDecimal => digits.parse().ok(),
            Self::Hex | Self::HexUpper => u64::from_str_radix(digits, 16).ok(),
        }
    }
}

impl Ids {
    /// An id as the answer to its message gives it.
    pub fn in_answer(&self, number: u64) -> String {
        format!("{}{}", self.prefix, self.answer.write(number))
    }

    /// The id of that answer as receipts write it; one that is no number of ours as it is.
    pub fn in_receipt(&self, answered: &str) -> String {
        let digits = answered.strip_prefix(&self.prefix);
        match digits.and_then(|digits| self.answer.read(digits)) {
            Some(number) if self.answer != self.receipt => format!("{}{}", self.prefix, self.receipt.write(number)),
            _ => answered.to_owned(),
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidBehaviour> {
        check_words("ids.prefix", Some(&self.prefix), 40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_each_base() {
        let check = |prefix: &str, answer: Base, receipt: Base, expected: [&str; 2]| {
            let prefix = prefix.to_owned();
            let ids = Ids {
                prefix,
                answer,
                receipt,
            };
            let answered = ids.in_answer(6699);
            assert_eq!([answered.as_str(), &ids.in_receipt(&answered)], expected);
        };
        check("", Base::Decimal, Base::Decimal, ["6699", "6699"]);
        check("", Base::Hex, Base::Decimal, ["1a2b", "6699"]);
        check(
            "",
            Base::HexUpper,
            Base::PaddedDecimal,
            ["1A2B", "00000000000000006699"],
        );
        check("", Base::PaddedDecimal, Base::Hex, ["00000000000000006699", "1a2b"]);
        check("m", Base::Decimal, Base::HexUpper, ["m6699", "m1A2B"]);
    }

    #[test]
    fn an_id_of_others_is_left_as_it_is() {
        let ids = Ids {
            answer: Base::Hex,
            ..Ids::default()
        };
        assert_eq!(ids.in_receipt("bulk_1"), "bulk_1");
        assert_eq!(Ids::default().in_receipt("007"), "007");
        assert_eq!(ids.in_receipt("00001A2B"), "6699");
    }
}
