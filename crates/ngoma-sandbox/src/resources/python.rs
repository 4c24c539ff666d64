//! Words of error texts that services compare: Vumi wrote them in Python 2.

/// A string as Python 2 shows it: `u'a'`, or `u"it's"` where that saves an escape.
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut shown = format!("u{quote}");
    for letter in text.chars() {
        match letter {
            '\'' if quote == '\'' => shown.push_str("\\'"),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            ' '..='~' => shown.push(letter),
            _ => shown.push_str(&escape(u32::from(letter))),
        }
    }
    shown.push(quote);
    shown
}

fn escape(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_python_would() {
        for (text, expected) in [
            ("abc", "u'abc'"),
            ("it's", r#"u"it's""#),
            (r#"it's "a""#, r#"u'it\'s "a"'"#),
            ("é€😀", r"u'\xe9\u20ac\U0001f600'"),
        ] {
            assert_eq!(repr(text), expected);
        }
    }
}
