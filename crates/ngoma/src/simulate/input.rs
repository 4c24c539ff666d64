//! Lines of standard input: short ones become whole Vumi messages, whole ones are passed on as they are.

use ngoma_engine::Clock;
use ngoma_engine::service::StepInput;
use ngoma_message::{Object, Timestamp};
use serde_json::{Value, json};
use std::fmt;
use std::io::{BufRead, Read};
use std::sync::Arc;

/// The longest line, in bytes.
const LINE_LIMIT: usize = 4 * 1024 * 1024;
/// Who talks, and to whom, unless told.
pub const DEFAULT_FROM: &str = "+27831234567";
pub const DEFAULT_TO: &str = "*120*8864#";

/// A line that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    number: usize,
    problem: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.problem)
    }
}

/// What the lines say, one step input each.
pub struct Lines<Input> {
    input: Input,
    clock: Arc<dyn Clock>,
    number: usize,
}

impl<Input: BufRead> Lines<Input> {
    /// Reads from `input`; messages without a time get the clock's.
    pub fn new(input: Input, clock: Arc<dyn Clock>) -> Self {
        Self {
            input,
            clock,
            number: 0,
        }
    }

    /// The next line that is not blank; `None` at the end.
    pub fn next(&mut self) -> Option<Result<StepInput, BadLine>> {
        loop {
            self.number += 1;
            let mut line = Vec::new();
            let read = (&mut self.input)
                .take(LINE_LIMIT as u64 + 1)
                .read_until(b'\n', &mut line);
            match read {
                Ok(0) => return None,
                Ok(length) if length > LINE_LIMIT => return Some(Err(self.bad("longer than 4 MiB"))),
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(_) => return Some(self.read(line.trim_ascii_end())),
                Err(error) => return Some(Err(self.bad(error))),
            }
        }
    }

    fn read(&self, line: &[u8]) -> Result<StepInput, BadLine> {
        match serde_json::from_slice(line) {
            Ok(Value::Object(object)) if is_whole(&object) => Ok(whole(object)),
            Ok(Value::Object(object)) => self.short(object).map(StepInput::Message),
            Ok(_) => Err(self.bad("expected a JSON object")),
            Err(error) => Err(self.bad(not_json(&error))),
        }
    }

    /// `{"from","to","content","session_event"}`, each optional; any other key goes into the message as it is.
    fn short(&self, mut short: Object) -> Result<Value, BadLine> {
        let from = self
            .take_text(&mut short, "from")?
            .unwrap_or_else(|| json!(DEFAULT_FROM));
        let to = self.take_text(&mut short, "to")?.unwrap_or_else(|| json!(DEFAULT_TO));
        let content = self.take_text(&mut short, "content")?.unwrap_or(Value::Null);
        let session_event = self.take_text(&mut short, "session_event")?.unwrap_or(Value::Null);
        let mut message = message(self.number as u64, self.clock.now(), from, to, content, session_event);
        if let Some(message) = message.as_object_mut() {
            message.extend(short);
        }
        Ok(message)
    }

    fn take_text(&self, object: &mut Object, key: &str) -> Result<Option<Value>, BadLine> {
        match object.remove(key) {
            None => Ok(None),
            Some(text @ (Value::String(_) | Value::Null)) => Ok(Some(text)),
            Some(_) => Err(self.bad(format!("{key}: expected text or null"))),
        }
    }

    fn bad(&self, problem: impl ToString) -> BadLine {
        BadLine {
            number: self.number,
            problem: problem.to_string(),
        }
    }
}

/// The whole Vumi message that a phone's carrier would hand in; its id is made of its number.
pub fn message(number: u64, at: Timestamp, from: Value, to: Value, content: Value, session_event: Value) -> Value {
    let transport_type = if session_event.is_null() { "sms" } else { "ussd" };
    json!({
        "message_version": "20110921",
        "message_type": "user_message",
        "timestamp": at.to_vumi(),
        "message_id": format!("{number:032x}"),
        "from_addr": from,
        "from_addr_type": "msisdn",
        "to_addr": to,
        "to_addr_type": null,
        "content": content,
        "session_event": session_event,
        "in_reply_to": null,
        "group": null,
        "provider": null,
        "transport_name": "simulate",
        "transport_type": transport_type,
        "transport_metadata": {},
        "helper_metadata": {},
        "routing_metadata": {},
    })
}

/// The reader counts lines of its own, which would only confuse beside ours.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("not JSON: {what} at column {}", error.column())
}

fn is_whole(object: &Object) -> bool {
    ["message_type", "message_version", "from_addr", "to_addr"]
        .iter()
        .any(|key| object.contains_key(*key))
}

fn whole(object: Object) -> StepInput {
    match object.get("message_type").and_then(Value::as_str) {
        Some("event") => StepInput::Event(Value::Object(object)),
        _ => StepInput::Message(Value::Object(object)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_engine::FrozenClock;

    fn read(text: &str) -> Vec<Result<Value, String>> {
        let clock = Arc::new(FrozenClock::at(Timestamp::parse("2026-11-23 08:30:00").unwrap()));
        let mut lines = Lines::new(text.as_bytes(), clock);
        let values = std::iter::from_fn(|| lines.next());
        values
            .map(|line| match line {
                Ok(StepInput::Message(value)) => Ok(value),
                Ok(StepInput::Event(value)) => Ok(json!({ "event": value })),
                Err(bad) => Err(bad.to_string()),
            })
            .collect()
    }

    #[test]
    fn short_lines_become_whole_messages() {
        let message = read(r#"{"content":"1","session_event":"resume","from":"+1","provider":"p"}"#)
            .remove(0)
            .unwrap();
        let expected = [
            ("content", "1"),
            ("session_event", "resume"),
            ("from_addr", "+1"),
            ("provider", "p"),
        ];
        for (key, value) in expected {
            assert_eq!(message[key], value, "{key}");
        }
        assert_eq!(message["transport_type"], "ussd");
        assert_eq!(message["timestamp"], "2026-11-23 08:30:00.000000");
    }

    #[test]
    fn whole_messages_pass_unchanged() {
        let text = r#"{"message_type":"user_message","content":null,"session_event":"odd","from_addr":null}"#;
        assert_eq!(read(text), [Ok(serde_json::from_str(text).unwrap())]);
        let event = r#"{"message_type":"event","event_type":"ack"}"#;
        assert_eq!(
            read(event),
            [Ok(json!({ "event": { "message_type": "event", "event_type": "ack" } }))]
        );
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        for (text, expected) in [
            ("\n\n{", "line 3: not JSON"),
            (
                "{\"content\":\r\n",
                "line 1: not JSON: EOF while parsing a value at column 11",
            ),
            ("[]", "line 1: expected a JSON object"),
            ("{\"content\":5}", "line 1: content: expected text or null"),
        ] {
            let lines = read(text);
            let problem = lines[0].as_ref().unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
