//! PDUs for the log: enough to see what is wrong, nothing that names a person or opens a door.

use crate::pdu::command_id::*;

/// The shortest run of digits that may be a number.
const NUMBER: usize = 4;
/// How many of its digits are shown, the last ones.
const SHOWN: usize = 2;
/// How many octets are shown.
const LONGEST: usize = 256;

/// What follows a header, in hexadecimal digits: those of numbers as `**` but for their ends, and of what holds a password
/// nothing.
pub fn masked_hex(command_id: u32, body: &[u8]) -> String {
    if [BIND_TRANSMITTER, BIND_RECEIVER, BIND_TRANSCEIVER, OUTBIND].contains(&command_id) {
        return "it may hold a password".into();
    }
    let mut is_shown = vec![true; body.len()];
    let mut start = 0;
    while start < body.len() {
        let digits = body[start..].iter().take_while(|octet| octet.is_ascii_digit()).count();
        if digits >= NUMBER {
            is_shown[start..start + digits - SHOWN].fill(false);
        }
        start += digits.max(1);
    }
    let octets = body.iter().zip(is_shown).take(LONGEST);
    let mut hex: String = octets
        .map(|(octet, is_shown)| match is_shown {
            true => format!("{octet:02x}"),
            false => "**".to_owned(),
        })
        .collect();
    if body.len() > LONGEST {
        hex.push('…');
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_masked_and_passwords_are_left_out() {
        let check = |command_id: u32, body: &[u8], expected: &str| {
            assert_eq!(masked_hex(command_id, body), expected, "{body:?}");
        };
        check(SUBMIT_SM, b"", "");
        check(SUBMIT_SM, b"\x01a12", "01613132");
        check(SUBMIT_SM, b"\x0127831234567\0x", "01******************36370078");
        check(SUBMIT_SM, b"1234", "****3334");
        check(BIND_RECEIVER, b"clinic\0secret\0", "it may hold a password");
        let long = masked_hex(SUBMIT_SM, &[0xFF; 300]);
        assert_eq!((long.chars().count(), long.ends_with('…')), (513, true));
    }
}
