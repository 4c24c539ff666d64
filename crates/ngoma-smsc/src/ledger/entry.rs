//! A line of the ledger.

use super::operation;
use crate::{Status, text};
use ngoma_message::Timestamp;
use ngoma_smpp::wire::{Frame, FrameError};
use serde::Serialize;

/// What stands in place of each octet of a password.
const MASK: u8 = b'*';

/// Which way a PDU goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From the ESME.
    In,
    /// To the ESME.
    Out,
}

/// A PDU that passes by a link, or what is none.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The link's number.
    pub link: u64,
    /// Which way it goes.
    pub way: Way,
    /// What it is.
    pub frame: Result<&'a Frame, FrameError>,
}

/// ```json
/// {"at":"2026-11-27T09:30:00.000001Z","link":1,"way":"in","operation":"submit_sm","status":"ESME_ROK","sequence":2,
///  "hex":"0000002f00000004…"}
/// ```
#[derive(Serialize)]
struct Line {
    at: String,
    link: u64,
    way: Way,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    sequence: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Entry<'_> {
    /// Writes its line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        match serde_json::to_writer(&mut *out, &self.line()) {
            Ok(()) => out.push(b'\n'),
            Err(_) => out.truncate(start),
        }
    }

    fn line(&self) -> Line {
        let line = |operation, sequence| Line {
            at: Timestamp::now().to_string(),
            link: self.link,
            way: self.way,
            operation,
            status: None,
            sequence,
            hex: None,
            problem: None,
        };
        match &self.frame {
            Ok(frame) => Line {
                status: Some(Status(frame.status)),
                hex: Some(text::hex(&octets(frame))),
                ..line(Some(operation::name(frame.command_id)), frame.sequence)
            },
            Err(
                error @ FrameError::TooLong {
                    command_id, sequence, ..
                },
            ) => Line {
                problem: Some(error.to_string()),
                ..line(Some(operation::name(*command_id)), *sequence)
            },
            Err(error @ FrameError::Broken { sequence, .. }) => Line {
                problem: Some(error.to_string()),
                ..line(None, *sequence)
            },
        }
    }
}

/// A PDU's octets as they passed, but for passwords.
fn octets(frame: &Frame) -> Vec<u8> {
    let length = u32::try_from(16 + frame.body.len()).unwrap_or(u32::MAX);
    let header = [length, frame.command_id, frame.status.0, frame.sequence];
    let mut octets = header.map(u32::to_be_bytes).concat();
    octets.extend_from_slice(&frame.body);
    if operation::has_password(frame.command_id) {
        mask(&mut octets[16..]);
    }
    octets
}

/// Masks the second field of a bind's body, or all that may be one (§4.1.1).
fn mask(body: &mut [u8]) {
    let first = body.iter().position(|octet| *octet == 0).map_or(0, |end| end + 1);
    let password = body[first..].iter_mut().take_while(|octet| **octet != 0);
    password.for_each(|octet| *octet = MASK);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_smpp::CommandStatus;

    fn written(frame: Result<&Frame, FrameError>) -> serde_json::Value {
        let entry = Entry {
            link: 3,
            way: Way::In,
            frame,
        };
        let mut out = Vec::new();
        entry.write(&mut out);
        assert_eq!(out.last(), Some(&b'\n'));
        let mut line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert!(line.as_object_mut().unwrap().shift_remove("at").is_some());
        line
    }

    fn frame(command_id: u32, body: &'static [u8]) -> Frame {
        Frame {
            command_id,
            status: CommandStatus::OK,
            sequence: 7,
            body: body.into(),
        }
    }

    #[test]
    fn a_line_says_what_passed() {
        let expected = serde_json::json!({
            "link": 3, "way": "in", "operation": "submit_sm", "status": "ESME_ROK", "sequence": 7,
            "hex": "0000001200000004000000000000000761ff",
        });
        assert_eq!(written(Ok(&frame(4, b"a\xFF"))), expected);
    }

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (command_id, body, expected) in [
            (
                9,
                &b"clinic\0secret\0\0\x34\0\0\0"[..],
                &b"clinic\0******\0\0\x34\0\0\0"[..],
            ),
            (0x0B, b"smsc\0secret\0", b"smsc\0******\0"),
            (1, b"clinic\0secret", b"clinic\0******"),
            (2, b"secret", b"******"),
            (4, b"clinic\0secret\0", b"clinic\0secret\0"),
        ] {
            let line = written(Ok(&frame(command_id, body)));
            let hex = line["hex"].as_str().unwrap();
            assert_eq!(&hex[32..], text::hex(expected), "{command_id}");
        }
    }

    #[test]
    fn what_is_no_pdu_is_noted_without_its_octets() {
        let (sequence, length) = (7, 3);
        let line = written(Err(FrameError::Broken { sequence, length }));
        assert_eq!(
            (&line["problem"], &line["hex"]),
            (&"a PDU cannot have 3 octets".into(), &serde_json::Value::Null)
        );
        let (command_id, length, limit) = (4, 90_000, 70_000);
        let line = written(Err(FrameError::TooLong {
            sequence,
            command_id,
            length,
            limit,
        }));
        assert_eq!(
            (&line["operation"], &line["sequence"]),
            (&"submit_sm".into(), &7.into())
        );
    }
}
