//! Words of error texts that services compare: Vumi wrote them in Python 2.

use serde_json::Value;

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

/// A JSON value as Python 2 shows it: `None`, `True`, `[u'a', 1]`, `{u'a': 1.5}`.
pub fn repr_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => repr(text),
        Value::Array(values) => {
            let shown: Vec<String> = values.iter().map(repr_value).collect();
            format!("[{}]", shown.join(", "))
        }
        Value::Object(fields) => {
            let shown = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", repr(name), repr_value(value)));
            format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
        }
    }
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
    use serde_json::json;

    #[test]
    fn values_are_shown_as_python_would() {
        let value = json!({"a": [null, true, 1, 1.5, "é"], "b": false});
        assert_eq!(
            repr_value(&value),
            r"{u'a': [None, True, 1, 1.5, u'\xe9'], u'b': False}"
        );
    }

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
