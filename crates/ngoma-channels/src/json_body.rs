//! Reads a gateway's JSON, whatever its Content-Type, and names the field at fault.

use crate::refusal::Refusal;
use http::StatusCode;
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// Reads a body. Its fields should be optional in `T` and be required afterwards with [`required`], so that a missing
/// one is named too.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // serde would also read an array of the fields in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(not_json("it does not begin with {"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(bad_json)?;
    deserializer.end().map_err(not_json)?;
    Ok(value)
}

/// The text of a field that must be there, not empty and not too long.
pub fn required(name: &str, value: Option<String>, limit: usize) -> Result<String, Refusal> {
    match optional(name, value, limit)? {
        Some(text) if text.is_empty() => Err(Refusal::field(name, "must not be empty")),
        Some(text) => Ok(text),
        None => Err(Refusal::field(name, "is required")),
    }
}

/// The text of a field that may be absent or null, but not too long.
pub fn optional(name: &str, value: Option<String>, limit: usize) -> Result<Option<String>, Refusal> {
    match value {
        Some(text) if text.chars().nth(limit).is_some() => {
            Err(Refusal::field(name, format!("is longer than {limit} characters")))
        }
        value => Ok(value),
    }
}

fn bad_json(error: serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let path = error.path().to_string();
    let cause = error.into_inner();
    // Broken syntax is nowhere in particular, even if it was met inside a field.
    if cause.is_data() && path != "." {
        Refusal::field(path, cause.to_string())
    } else {
        not_json(cause)
    }
}

fn not_json(cause: impl Display) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        format!("the body is not a JSON object: {cause}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Wire {
        from: Option<String>,
        content: Option<String>,
    }

    fn read_fields(body: &[u8]) -> Result<(String, Option<String>), Refusal> {
        let wire: Wire = read(body)?;
        Ok((required("from", wire.from, 5)?, optional("content", wire.content, 3)?))
    }

    fn check(body: &str, expected: Result<(&str, Option<&str>), &str>) {
        match (read_fields(body.as_bytes()), expected) {
            (Ok((from, content)), Ok(fields)) => assert_eq!((from.as_str(), content.as_deref()), fields, "{body}"),
            (Err(refusal), Err(part)) => assert!(format!("{refusal:?}").contains(part), "{body}: {refusal:?}"),
            (read, expected) => panic!("{body}: {read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn fields_are_read_and_the_one_at_fault_is_named() {
        check(
            r#"{"from":"12345","content":"abc","more":1}"#,
            Ok(("12345", Some("abc"))),
        );
        check(r#"{"from":"1","content":null}"#, Ok(("1", None)));
        check(r#"{"from":"1","content":"äöü"}"#, Ok(("1", Some("äöü"))));
        check(r#"{"from":5}"#, Err(r#"field: Some("from")"#));
        check(
            r#"{"content":"1"}"#,
            Err(r#"error: "is required", field: Some("from")"#),
        );
        check(
            r#"{"from":""}"#,
            Err(r#"error: "must not be empty", field: Some("from")"#),
        );
        check(
            r#"{"from":"123456"}"#,
            Err(r#"error: "is longer than 5 characters", field: Some("from")"#),
        );
        check(r#"{"from":"1","content":"abcd"}"#, Err(r#"field: Some("content")"#));
    }

    #[test]
    fn what_is_not_a_json_object_is_said_to_be_none() {
        for body in [
            "",
            "{",
            "nonsense",
            "[1]",
            "[\"1\",\"2\"]",
            "\"text\"",
            "{} {}",
            r#"{"from":"1"#,
            "from=1&content=2",
        ] {
            check(body, Err("the body is not a JSON object"));
        }
        let latin = read_fields(b"{\"from\":\"\xe9\"}").expect_err("not UTF-8");
        assert!(format!("{latin:?}").contains("400"), "{latin:?}");
    }
}
