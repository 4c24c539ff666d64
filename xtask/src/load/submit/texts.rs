//! The messages a bench hands over: reminders of 96 characters to a hundred thousand different numbers.

use serde::{Deserialize, Serialize};

/// How many different numbers there are; each is as likely as any other, so that neighbours in time are strangers in
/// every index.
const NUMBERS: u64 = 100_000;
/// How long each text is, in characters.
const LENGTH: usize = 96;

const NAMES: [&str; 8] = [
    "Thandi", "Sipho", "Amina", "Kofi", "Zanele", "Juma", "Wanjiru", "Pieter",
];
const CLINICS: [&str; 5] = ["Mbekweni", "Langa", "Khayelitsha", "Ikageng", "Soweto"];
const DAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/// One message, as the API takes it and shows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The number it goes to.
    pub to: String,
    /// What it says.
    pub content: String,
}

/// The message of this serial number: always the same one.
pub fn text(serial: u64) -> Text {
    let chance = scatter(serial);
    let pick = |words: &[&'static str], shift: u32| words[(chance >> shift) as usize % words.len()];
    let start = format!(
        "Dear {}, come to {} clinic on {} at {}:30. To cancel reply 2. Ref ",
        pick(&NAMES, 8),
        pick(&CLINICS, 16),
        pick(&DAYS, 24),
        8 + (chance >> 32) % 9
    );
    let rest = LENGTH.saturating_sub(start.len());
    Text {
        to: format!("+2783{:07}", chance % NUMBERS),
        content: format!("{start}{serial:0rest$}"),
    }
}

/// A number that looks like chance (SplitMix64, Steele and others 2014).
fn scatter(serial: u64) -> u64 {
    let mixed = serial.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_have_one_length_and_differ() {
        let texts: Vec<Text> = (0..10_000).map(text).collect();
        assert!(texts.iter().all(|text| text.content.chars().count() == LENGTH));
        let contents: HashSet<&str> = texts.iter().map(|text| text.content.as_str()).collect();
        assert_eq!(contents.len(), texts.len());
        assert_eq!(text(7), texts[7]);
    }

    #[test]
    fn numbers_are_spread_over_all_of_them() {
        let numbers: HashSet<String> = (0..200_000).map(|serial| text(serial).to).collect();
        assert!(
            (80_000..=NUMBERS as usize).contains(&numbers.len()),
            "{}",
            numbers.len()
        );
        assert!(numbers.iter().all(|number| number.len() == "+27831234567".len()));
    }
}
