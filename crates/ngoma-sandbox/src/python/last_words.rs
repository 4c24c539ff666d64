//! The end of what a process printed, for whoever has to mend it.

use super::limits;

/// The last lines of a text, no more than an error should hold.
pub fn of(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[text.len().saturating_sub(4 * limits::LAST_WORDS_BYTES)..]);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let words = lines[lines.len().saturating_sub(limits::LAST_WORDS_LINES)..].join("\n");
    let from = words.ceil_char_boundary(words.len().saturating_sub(limits::LAST_WORDS_BYTES));
    words[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        assert_eq!(of(b""), "");
        assert_eq!(of(b"one\n\ntwo  \n"), "one\ntwo");
        let many: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(of(many.as_bytes()), "92\n93\n94\n95\n96\n97\n98\n99");
        assert_eq!(of("é".repeat(5000).as_bytes()).len(), limits::LAST_WORDS_BYTES);
    }
}
