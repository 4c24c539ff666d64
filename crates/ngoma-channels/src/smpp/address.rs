//! Addresses as SMPP writes them: digits without a plus, with a type of number and a numbering plan (§5.2.5, §5.2.6).

use ngoma_message::{Address, Country};
use ngoma_smpp::pdu::SmeAddress;

/// The longest address (§5.2.8).
const LONGEST: usize = 20;
/// International.
const INTERNATIONAL: u8 = 1;
/// Alphanumeric.
const ALPHANUMERIC: u8 = 5;
/// ISDN, E.164.
const ISDN: u8 = 1;

/// The type of number and numbering plan that a carrier wants, where it is not what the address says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbering {
    /// The type of number.
    pub ton: Option<u8>,
    /// The numbering plan.
    pub npi: Option<u8>,
}

impl Numbering {
    /// An address as it goes to the carrier: international numbers without their plus, names of up to 11 letters, short
    /// codes and what else is digits as it is.
    pub fn write(self, address: &str) -> SmeAddress {
        let digits = address.strip_prefix('+').unwrap_or(address);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let (ton, npi, text) = match (is_number, address.starts_with('+')) {
            (true, true) => (INTERNATIONAL, ISDN, digits),
            (true, false) => (0, 0, digits),
            (false, _) if address.is_empty() => (0, 0, address),
            // What has signs, such as *120#, is no name.
            (false, _) if address.chars().any(|character| character.is_ascii_alphabetic()) => {
                (ALPHANUMERIC, 0, address)
            }
            (false, _) => (0, 0, address),
        };
        SmeAddress {
            ton: self.ton.unwrap_or(ton),
            npi: self.npi.unwrap_or(npi),
            address: text.chars().filter(char::is_ascii).take(LONGEST).collect(),
        }
    }
}

/// An address as it comes from the carrier: international when its type says so, a name when it is one, and else as people
/// of the channel's country write it.
pub fn read(address: &SmeAddress, country: Option<Country>) -> Address {
    let text = address.address.as_str();
    match address.ton {
        INTERNATIONAL if !text.is_empty() && !text.starts_with('+') => Address::new("tel", format!("+{text}")),
        ALPHANUMERIC => Address::new("tel", text),
        _ => Address::tel(text, country),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sme(ton: u8, npi: u8, address: &str) -> SmeAddress {
        SmeAddress {
            ton,
            npi,
            address: address.into(),
        }
    }

    #[test]
    fn addresses_go_out_with_what_they_are() {
        let check = |address: &str, expected: SmeAddress| {
            assert_eq!(Numbering::default().write(address), expected, "{address}");
        };
        check("+27831234567", sme(1, 1, "27831234567"));
        check("8864", sme(0, 0, "8864"));
        check("Clinic", sme(5, 0, "Clinic"));
        check("Clinic 24/7", sme(5, 0, "Clinic 24/7"));
        check("*120*8864#", sme(0, 0, "*120*8864#"));
        check("", sme(0, 0, ""));
        check("Café with a very long name", sme(5, 0, "Caf with a very long"));
    }

    #[test]
    fn a_carrier_may_want_other_numbering() {
        let numbering = Numbering {
            ton: Some(2),
            npi: Some(8),
        };
        assert_eq!(numbering.write("+27831234567"), sme(2, 8, "27831234567"));
    }

    #[test]
    fn addresses_come_in_as_people_write_them() {
        let check = |address: SmeAddress, country: Option<&str>, expected: &str| {
            let country = country.and_then(Country::parse);
            assert_eq!(read(&address, country).value(), expected, "{address:?}");
        };
        check(sme(1, 1, "27831234567"), None, "+27831234567");
        check(sme(1, 1, "+27831234567"), None, "+27831234567");
        check(sme(2, 1, "0831234567"), Some("ZA"), "+27831234567");
        check(sme(0, 0, "0831234567"), Some("ZA"), "+27831234567");
        check(sme(0, 1, "8864"), Some("ZA"), "8864");
        check(sme(5, 0, "Bank"), Some("ZA"), "Bank");
    }
}
