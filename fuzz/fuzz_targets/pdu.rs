//! A stream of PDUs: what can be read is written again and read the same.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use ngoma_smpp::wire::{FrameError, Framer, decode, encode, masked_hex};

fuzz_target!(|octets: &[u8]| {
    let mut framer = Framer::new(4_096);
    framer.push(octets);
    loop {
        match framer.next_frame() {
            Ok(None) | Err(FrameError::Broken { .. }) => return,
            Err(FrameError::TooLong { .. }) => {}
            Ok(Some(frame)) => {
                let _ = masked_hex(frame.command_id, &frame.body);
                let Ok(command) = decode(&frame) else { continue };
                let mut written = BytesMut::new();
                if encode(&command, &mut written).is_ok() && command.status.is_ok() {
                    let mut again = Framer::new(8_192);
                    again.push(&written);
                    let frame = again.next_frame().expect("it is a PDU").expect("it is whole");
                    assert_eq!(decode(&frame).as_ref(), Ok(&command));
                }
            }
        }
    }
});
