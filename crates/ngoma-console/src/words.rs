//! Texts of strangers, times and durations, made safe and short to read. Escaping for HTML is the template's.

use ngoma_message::text::Encoding;
use std::time::Duration;

/// The longest quotation of a message in a heading, in characters.
const QUOTED: usize = 24;

/// A text as a page may show it: line breaks kept, and what could turn, hide or overwrite the text around it made visible.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => shown.push('\n'),
            '\t' => shown.push(' '),
            '\r' => shown.push('\n'),
            '\u{0}'..='\u{1f}' => shown.push(char::from_u32(0x2400 + character as u32).unwrap_or('\u{fffd}')),
            '\u{7f}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{61c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                shown.push_str(&format!("[U+{:04X}]", character as u32));
            }
            other => shown.push(other),
        }
    }
    shown
}

/// The first words of a text on one line.
pub fn shortened(text: &str) -> String {
    let line = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// What people call an encoding.
pub fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Gsm7 => "GSM",
        Encoding::Ucs2 => "UCS-2",
    }
}

/// The time of a call: `0:42`, `12:05`, `1:00:00`.
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A duration with three or so digits that count: `0.4 ms`, `12.5 ms`, `1.20 s`, `2 min 5 s`.
pub fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..100_000 => format!("{:.1} ms", micros as f64 / 1e3),
        100_000..1_000_000 => format!("{} ms", micros / 1000),
        1_000_000..60_000_000 => format!("{:.2} s", micros as f64 / 1e6),
        _ => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_turn_the_text_around_are_shown() {
        fn check(text: &str, expected: &str) {
            assert_eq!(visible(text), expected);
        }
        check("one\r\ntwo\nthree\rfour", "one\ntwo\nthree\nfour");
        check("safe \u{202e}txt.exe", "safe [U+202E]txt.exe");
        check("a\u{2066}b\u{2069}", "a[U+2066]b[U+2069]");
        check("bell\u{7} and \u{1b}[0m", "bell\u{2407} and \u{241b}[0m");
        check("مرحبا é 👩‍👧", "مرحبا é 👩‍👧");
    }

    #[test]
    fn quotations_are_one_short_line() {
        assert_eq!(shortened("1\n2"), "1 2");
        assert_eq!(shortened(&"é".repeat(30)), format!("{}…", "é".repeat(24)));
    }

    #[test]
    fn times_are_short() {
        fn check(micros: u64, expected: &str) {
            assert_eq!(duration(Duration::from_micros(micros)), expected);
        }
        check(0, "0.0 ms");
        check(420, "0.4 ms");
        check(12_500, "12.5 ms");
        check(250_000, "250 ms");
        check(1_204_000, "1.20 s");
        check(125_000_000, "2 min 5 s");
        assert_eq!(
            (clock(42), clock(725), clock(3600)),
            ("0:42".into(), "12:05".into(), "1:00:00".into())
        );
    }
}
