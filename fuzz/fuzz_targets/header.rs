//! The user data header: what is read and written again is read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ngoma_message::text::header::UserDataHeader;

fuzz_target!(|octets: &[u8]| {
    if let Some((header, length)) = UserDataHeader::decode(octets) {
        assert!(length <= octets.len());
        let written = header.encode();
        if !written.is_empty() {
            assert_eq!(UserDataHeader::decode(&written), Some((header, written.len())));
        }
    }
});
