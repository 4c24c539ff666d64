//! What a step was given and what it said, enough to run it again: its input, its clock, its random numbers, and every line
//! between it and the engine.

use ngoma_message::Timestamp;
use serde_json::{Value, json};
use std::fmt;

/// How many bytes of lines a recording keeps; a step that says more is marked as cut.
const LINES_BYTES: usize = 256 << 10;

/// Where a step's random numbers come from. The same seed gives the same numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// One that nobody can guess.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// One for simulations, told by a number.
    pub fn of_number(number: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Self(bytes)
    }

    /// One as [`Self::to_string`] wrote it: 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a service draws may be a secret of its own.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// When code began to run, and what its random numbers came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The moment its clock showed.
    pub at: Timestamp,
    /// Where its random numbers came from.
    pub seed: Seed,
}

/// A step, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// How the step began.
    pub step: Beginning,
    /// How the code was loaded that the step began with; nothing where each step loads it anew.
    pub load: Option<Beginning>,
    /// Every line, in order.
    pub lines: Vec<RecordedLine>,
    /// Whether there were more lines than are kept.
    pub is_cut: bool,
    bytes: usize,
}

/// A line between a step and the engine, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedLine {
    /// What the step said.
    Said(String),
    /// What it was told, and the moment its clock showed from then on.
    Told(Timestamp, String),
}

impl Recording {
    /// That of a step which has not said anything.
    pub fn new(step: Beginning, load: Option<Beginning>) -> Self {
        Self {
            step,
            load,
            lines: Vec::new(),
            is_cut: false,
            bytes: 0,
        }
    }

    /// Adds a line, while there is room.
    pub fn note(&mut self, line: RecordedLine) {
        let (RecordedLine::Said(text) | RecordedLine::Told(_, text)) = &line;
        self.bytes += text.len();
        self.is_cut |= self.bytes > LINES_BYTES;
        if !self.is_cut {
            self.lines.push(line);
        }
    }

    /// As it is stored, beside what the step was given.
    ///
    /// ```json
    /// {"input":{"kind":"inbound-message","msg":{"content":"1","message_id":"…"}},
    ///  "step":{"at":1764230000000000,"seed":"…"},"load":{"at":1764220000000000,"seed":"…"},
    ///  "lines":[{"said":"{\"cmd\":\"kv.get\",…}"},{"told":"{\"cmd\":\"kv.get\",\"reply\":true,…}","at":1764230000000900}],
    ///  "is_cut":false}
    /// ```
    pub fn to_json(&self, input: Value) -> Value {
        let beginning =
            |beginning: &Beginning| json!({"at": beginning.at.micros(), "seed": beginning.seed.to_string()});
        let line = |line: &RecordedLine| match line {
            RecordedLine::Said(text) => json!({"said": text}),
            RecordedLine::Told(at, text) => json!({"told": text, "at": at.micros()}),
        };
        json!({
            "input": input,
            "step": beginning(&self.step),
            "load": self.load.as_ref().map(beginning),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
            "is_cut": self.is_cut,
        })
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(stored: &Value) -> Option<Self> {
        let beginning = |value: &Value| {
            Some(Beginning {
                at: Timestamp::from_micros(value["at"].as_i64()?),
                seed: Seed::parse(value["seed"].as_str()?)?,
            })
        };
        let mut recording = Self::new(beginning(&stored["step"])?, beginning(&stored["load"]));
        for line in stored["lines"].as_array()? {
            recording.note(match (line["said"].as_str(), line["told"].as_str()) {
                (Some(said), _) => RecordedLine::Said(said.to_owned()),
                (None, Some(told)) => RecordedLine::Told(Timestamp::from_micros(line["at"].as_i64()?), told.to_owned()),
                (None, None) => return None,
            });
        }
        recording.is_cut |= stored["is_cut"].as_bool()?;
        Some(recording)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginning(number: u64) -> Beginning {
        Beginning {
            at: Timestamp::from_micros(5),
            seed: Seed::of_number(number),
        }
    }

    #[test]
    fn a_seed_is_read_as_it_is_written() {
        for seed in [Seed::of_number(0), Seed::of_number(u64::MAX), Seed::random().unwrap()] {
            assert!(Seed::parse(&seed.to_string()) == Some(seed));
        }
        for text in ["", "12", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(Seed::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", Seed::of_number(7)), "Seed(…)");
    }

    #[test]
    fn a_recording_survives_the_store() {
        let mut recording = Recording::new(beginning(1), Some(beginning(2)));
        recording.note(RecordedLine::Said("{\"cmd\":\"kv.get\"}".into()));
        recording.note(RecordedLine::Told(Timestamp::from_micros(9), "{}".into()));
        let stored = recording.to_json(json!({"kind": "inbound-message"}));
        assert_eq!(Recording::from_json(&stored), Some(recording));
        assert_eq!(Recording::from_json(&json!({"step": 1})), None);
    }

    #[test]
    fn what_is_too_long_is_marked_as_cut_and_stays_so() {
        let mut recording = Recording::new(beginning(1), None);
        recording.note(RecordedLine::Said("a".into()));
        recording.note(RecordedLine::Said("x".repeat(LINES_BYTES)));
        recording.note(RecordedLine::Said("b".into()));
        assert_eq!((recording.lines.len(), recording.is_cut), (1, true));
        assert!(Recording::from_json(&recording.to_json(json!(null))).unwrap().is_cut);
    }
}
