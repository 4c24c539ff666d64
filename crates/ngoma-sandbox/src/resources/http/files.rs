//! `files`: a body of several parts (multipart/form-data, RFC 7578).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ngoma_message::Object;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How many parts a body has at most.
const PARTS: usize = 20;
/// How many bytes they have in all.
const BYTES: usize = 1 << 20;
/// The longest name of a field or a file and the longest type, in bytes.
const NAME_BYTES: usize = 255;

/// A body and its type.
#[derive(Debug, PartialEq)]
pub struct Form {
    /// `multipart/form-data; boundary=…`
    pub content_type: String,
    pub body: Vec<u8>,
}

struct Part<'a> {
    field: &'a str,
    file_name: Option<&'a str>,
    content_type: Option<&'a str>,
    data: Vec<u8>,
}

/// The body that a command's files make, if it gives any. Beside them `data` may be an object of plain fields; a text there
/// is refused, as Vumi's client does.
pub fn form(params: &Object) -> Result<Option<Form>, String> {
    let files = match params.get("files") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(files)) if files.is_empty() => return Ok(None),
        Some(Value::Object(files)) => files,
        Some(_) => return Err("\"files\" must be an object or null".into()),
    };
    let mut parts = fields(params.get("data"))?;
    for (field, file) in files {
        parts.push(file_part(field, file)?);
    }
    check(&parts)?;
    let boundary = boundary(&parts);
    Ok(Some(Form {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        body: write(&parts, &boundary),
    }))
}

fn fields(data: Option<&Value>) -> Result<Vec<Part<'_>>, String> {
    let fields = match data {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err("Unsupported format: beside files, data must be an object of texts".into()),
    };
    let mut parts = Vec::with_capacity(fields.len());
    for (field, value) in fields {
        match value {
            Value::String(text) => parts.push(Part {
                field,
                file_name: None,
                content_type: None,
                data: text.clone().into_bytes(),
            }),
            _ => return Err(format!("the field {field:?} must be a text")),
        }
    }
    Ok(parts)
}

fn file_part<'a>(field: &'a str, file: &'a Value) -> Result<Part<'a>, String> {
    let text = |name: &str| {
        let text = file.get(name).and_then(Value::as_str);
        text.ok_or_else(|| format!("the file {field:?} needs a {name}, which is a text"))
    };
    let encoded: String = text("data")?.split_ascii_whitespace().collect();
    let data = BASE64_STANDARD.decode(encoded);
    Ok(Part {
        field,
        file_name: Some(text("file_name")?),
        content_type: Some(text("content_type")?),
        data: data.map_err(|_| format!("the data of the file {field:?} is not base64"))?,
    })
}

fn check(parts: &[Part<'_>]) -> Result<(), String> {
    if parts.len() > PARTS {
        return Err(format!("a call has at most {PARTS} files and fields"));
    }
    let bytes: usize = parts.iter().map(|part| part.data.len()).sum();
    if bytes > BYTES {
        return Err(format!("the files have {bytes} bytes, more than {BYTES}"));
    }
    for part in parts {
        let names = [Some(part.field), part.file_name, part.content_type];
        if names.into_iter().flatten().any(|name| name.len() > NAME_BYTES) {
            return Err(format!("a name or type of a file has more than {NAME_BYTES} bytes"));
        }
        let is_plain = |kind: &str| kind.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !part.content_type.is_none_or(is_plain) {
            return Err(format!("the content_type of the file {:?} is no type", part.field));
        }
    }
    Ok(())
}

/// Named by what it parts, which cannot contain its own hash: the same call has the same body, so that a step can be run
/// again.
fn boundary(parts: &[Part<'_>]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        for piece in [
            part.field,
            part.file_name.unwrap_or_default(),
            part.content_type.unwrap_or_default(),
        ] {
            hash.update(piece.len().to_be_bytes());
            hash.update(piece);
        }
        hash.update(part.data.len().to_be_bytes());
        hash.update(&part.data);
    }
    let digest = hash.finalize();
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("ngoma-{digits}")
}

fn write(parts: &[Part<'_>], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; ").as_bytes());
        body.extend_from_slice(format!("name=\"{}\"", quoted(part.field)).as_bytes());
        if let Some(name) = part.file_name {
            body.extend_from_slice(format!("; filename=\"{}\"", quoted(name)).as_bytes());
        }
        if let Some(kind) = part.content_type {
            body.extend_from_slice(format!("\r\nContent-Type: {kind}").as_bytes());
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

/// A name within quotes, as browsers write it (HTML, multipart/form-data encoding algorithm).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(params: Value) -> Result<Option<Form>, String> {
        form(params.as_object().unwrap())
    }

    fn file(name: &str, kind: &str, data: &[u8]) -> Value {
        json!({"file_name": name, "content_type": kind, "data": BASE64_STANDARD.encode(data)})
    }

    #[test]
    fn files_and_fields_make_one_body() {
        let params = json!({"files": {"photo": file("a \"b\"\r\n.png", "image/png", b"\x00\xff\r\n--x")},
            "data": {"caption": "für dich"}});
        let form = made(params.clone()).unwrap().unwrap();
        let boundary = form
            .content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let mut expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\nfür dich\r\n\
            --{boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a %22b%22%0D%0A.png\"\r\n\
            Content-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        expected.extend_from_slice(b"\x00\xff\r\n--x");
        expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert_eq!(form.body, expected);
        assert_eq!(made(params).unwrap().unwrap(), form, "the same call has the same body");
        let other = made(json!({"files": {"photo": file("b", "image/png", b"1")}}))
            .unwrap()
            .unwrap();
        assert_ne!(other.content_type, form.content_type);
    }

    #[test]
    fn no_files_are_no_form() {
        for files in [Value::Null, json!({})] {
            assert_eq!(made(json!({"files": files, "data": "x"})), Ok(None));
        }
        assert_eq!(made(json!({})), Ok(None));
        assert!(
            made(json!({"files": {"a": file("a", "b", b"")}, "data": ""}))
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn what_cannot_be_sent_is_told() {
        let check = |params: Value, expected: &str| {
            let problem = made(params).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        };
        let one = || json!({"a": file("a", "text/plain", b"1")});
        check(json!({"files": []}), "\"files\" must be an object");
        check(json!({"files": one(), "data": "text"}), "Unsupported format");
        check(
            json!({"files": one(), "data": {"a": 1}}),
            "the field \"a\" must be a text",
        );
        check(json!({"files": {"a": "x"}}), "the file \"a\" needs a data");
        check(
            json!({"files": {"a": {"data": "", "content_type": "b"}}}),
            "the file \"a\" needs a file_name",
        );
        check(
            json!({"files": {"a": {"data": "*", "content_type": "b", "file_name": "c"}}}),
            "the data of the file \"a\"",
        );
        check(
            json!({"files": {"a": file("a", "text/plain\r\nX: y", b"")}}),
            "the content_type of the file \"a\"",
        );
        check(
            json!({"files": {"a": file(&"n".repeat(256), "b", b"")}}),
            "a name or type of a file has more",
        );
        check(
            json!({"files": {"a": file("a", "b", &vec![0; BYTES + 1])}}),
            "the files have 1048577 bytes",
        );
        let many: Object = (0..=PARTS).map(|n| (n.to_string(), file("a", "b", b""))).collect();
        check(json!({"files": many}), "a call has at most 20");
    }
}
