//! The text of a receipt: what is read and written again says the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ngoma_smpp::receipt::receipt_text;

fuzz_target!(|text: &str| {
    if let Some(receipt) = receipt_text(text) {
        assert!(!receipt.id.is_empty() && !receipt.state_word.is_empty());
        let _ = receipt.state();
        let _ = receipt.to_string();
    }
});
