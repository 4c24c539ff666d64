//! Texts in every coding and by every national table: what is read can be written, and is read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ngoma_message::text::gsm::{Language, Tables, pack, unpack};
use ngoma_message::text::{Coding, Cutting};

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (coding, locking, single, octets) = input;
    let (coding, _) = Coding::NAMES[usize::from(coding) % Coding::NAMES.len()];
    let tables = Tables {
        locking: Language::from_identifier(locking % 14),
        single: Language::from_identifier(single % 14),
    };
    let text = coding.decode(octets, tables, locking % 7);
    let _ = coding.encode(&text, tables);
    let by_tables = tables.decode(octets);
    if let Some(written) = tables.encode(&by_tables) {
        assert_eq!(tables.decode(&written), by_tables);
        assert_eq!(unpack(&pack(&written, single % 7), single % 7, written.len()), written);
    }
    let cutting = Cutting {
        languages: tables.locking.into_iter().chain(tables.single).collect(),
        has_wide_reference: single % 2 == 0,
    };
    assert_eq!(cutting.cut(&text).pieces.concat(), text);
});
