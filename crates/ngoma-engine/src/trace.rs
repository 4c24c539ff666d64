//! A message's trace: one line for every step it took, packed into one text per commit.

use crate::record::TraceLine;
use ngoma_message::{MessageId, Timestamp};
use serde_json::{Value, json};

/// The lines of one commit, as they come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trail {
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    at: Timestamp,
    step: String,
    detail: String,
    about: Option<MessageId>,
}

impl Trail {
    /// Adds a line about the message the trace belongs to.
    pub(crate) fn note(&mut self, at: Timestamp, step: &str, detail: impl Into<String>) {
        self.lines.push(Line {
            at,
            step: step.into(),
            detail: detail.into(),
            about: None,
        });
    }

    /// Adds a line about one of the messages that came of it.
    pub(crate) fn note_about(&mut self, about: &MessageId, at: Timestamp, step: &str, detail: impl Into<String>) {
        self.note(at, step, detail);
        if let Some(line) = self.lines.last_mut() {
            line.about = Some(about.clone());
        }
    }

    /// Adds the lines of another.
    pub(crate) fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// The lines of a packed text; one it cannot read is left out.
    pub(crate) fn from_packed(packed: &str) -> Self {
        let lines: Vec<Vec<Value>> = serde_json::from_str(packed).unwrap_or_default();
        let read = |line: &Vec<Value>| {
            Some(Line {
                at: Timestamp::from_micros(line.first()?.as_i64()?),
                step: line.get(1)?.as_str()?.to_owned(),
                detail: line.get(2)?.as_str()?.to_owned(),
                about: line.get(3).and_then(Value::as_str).map(MessageId::from),
            })
        };
        Self {
            lines: lines.iter().filter_map(read).collect(),
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines as one text: `[[1700000000000000,"route","to service clinic"],[…,"send","…","<id it is about>"]]`.
    pub(crate) fn pack(&self) -> String {
        let packed: Vec<Value> = self
            .lines
            .iter()
            .map(|line| match &line.about {
                None => json!([line.at.micros(), line.step, line.detail]),
                Some(about) => json!([line.at.micros(), line.step, line.detail, about.as_str()]),
            })
            .collect();
        Value::Array(packed).to_string()
    }
}

/// The lines of one packed text. With `only_about`, those about that message; a line it cannot read is left out.
pub(crate) fn unpack(packed: &str, only_about: Option<&MessageId>) -> Vec<TraceLine> {
    let lines: Vec<Vec<Value>> = serde_json::from_str(packed).unwrap_or_default();
    lines
        .iter()
        .filter(|line| match only_about {
            None => true,
            Some(id) => line.get(3).and_then(Value::as_str) == Some(id.as_str()),
        })
        .filter_map(|line| {
            Some(TraceLine {
                at: Timestamp::from_micros(line.first()?.as_i64()?),
                step: line.get(1)?.as_str()?.to_owned(),
                detail: line.get(2)?.as_str()?.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_whole_or_only_those_about_one_answer() {
        let at = Timestamp::from_micros(5);
        let answer = MessageId::from("answer");
        let mut trail = Trail::default();
        trail.note(at, "route", "to \"clinic\"");
        trail.note_about(&answer, at, "send", "taken");
        let packed = trail.pack();
        let steps = |only| -> Vec<String> { unpack(&packed, only).into_iter().map(|line| line.step).collect() };
        assert_eq!(Trail::from_packed(&packed), trail);
        assert_eq!(steps(None), ["route", "send"]);
        assert_eq!(steps(Some(&answer)), ["send"]);
        assert_eq!(unpack(&packed, None)[0].detail, "to \"clinic\"");
    }
}
