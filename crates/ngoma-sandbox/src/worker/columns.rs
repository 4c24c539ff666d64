//! Columns of a line, from 0: the engine counts bytes, source maps and editors count UTF-16.

/// How many bytes stand before this UTF-16 column.
pub fn to_bytes(line: &str, column: u32) -> u32 {
    if line.is_ascii() {
        return column;
    }
    let mut left = column as usize;
    let before = line.chars().take_while(|letter| {
        let is_before = left > 0;
        left = left.saturating_sub(letter.len_utf16());
        is_before
    });
    narrow(before.map(char::len_utf8).sum())
}

/// The UTF-16 column of what begins after this many bytes.
pub fn to_utf16(line: &str, bytes: u32) -> u32 {
    if line.is_ascii() {
        return bytes;
    }
    let before = line.char_indices().take_while(|(at, _)| *at < bytes as usize);
    narrow(before.map(|(_, letter)| letter.len_utf16()).sum())
}

fn narrow(column: usize) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_turned_into_each_other() {
        for (line, utf16, bytes) in [
            ("abc", 2, 2),
            ("é😀b", 0, 0),
            ("é😀b", 1, 2),
            ("é😀b", 3, 6),
            ("é😀b", 4, 7),
        ] {
            assert_eq!(to_bytes(line, utf16), bytes, "{line} {utf16}");
            assert_eq!(to_utf16(line, bytes), utf16, "{line} {bytes}");
        }
        assert_eq!(to_bytes("ab", 9), 9);
        assert_eq!(to_utf16("é", 9), 1);
    }
}
