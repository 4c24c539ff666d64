//! The names of operations (SMPP 3.4 §5.1.2.1).

/// What a response adds to its request's number.
const RESPONSE: u32 = 0x8000_0000;
/// The one operation that is nothing but a response.
const GENERIC_NACK: u32 = RESPONSE;

const NAMES: [(u32, &str); 16] = [
    (0x01, "bind_receiver"),
    (0x02, "bind_transmitter"),
    (0x03, "query_sm"),
    (0x04, "submit_sm"),
    (0x05, "deliver_sm"),
    (0x06, "unbind"),
    (0x07, "replace_sm"),
    (0x08, "cancel_sm"),
    (0x09, "bind_transceiver"),
    (0x0B, "outbind"),
    (0x15, "enquire_link"),
    (0x21, "submit_multi"),
    (0x102, "alert_notification"),
    (0x103, "data_sm"),
    (0x111, "broadcast_sm"),
    (0x112, "query_broadcast_sm"),
];

/// Whether its body holds a password.
pub fn has_password(command_id: u32) -> bool {
    matches!(command_id, 0x01 | 0x02 | 0x09 | 0x0B)
}

/// The name of an operation; of one that is not known its number.
pub fn name(command_id: u32) -> String {
    if command_id == GENERIC_NACK {
        return "generic_nack".into();
    }
    let found = NAMES.iter().find(|(id, _)| *id == command_id & !RESPONSE);
    match (found, command_id & RESPONSE) {
        (Some((_, name)), 0) => (*name).to_owned(),
        (Some((_, name)), _) => format!("{name}_resp"),
        (None, _) => format!("0x{command_id:08X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_the_names_of_the_specification() {
        for (command_id, expected) in [
            (0x04, "submit_sm"),
            (0x8000_0004, "submit_sm_resp"),
            (0x8000_0000, "generic_nack"),
            (0x8000_0009, "bind_transceiver_resp"),
            (0x9999, "0x00009999"),
        ] {
            assert_eq!(name(command_id), expected);
        }
    }
}
