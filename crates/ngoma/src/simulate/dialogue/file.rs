//! The form of a dialogue file: headers, then turns. `> input`, then the screen, then marks: `= end`,
//! `~ endpoint to: text`, `! level: text`.

use crate::simulate::input::DEFAULT_FROM;
use crate::simulate::parse_time;
use anyhow::{Context, Result, anyhow};
use ngoma_message::{Object, Timestamp};
use std::fmt::Write as _;
use std::path::PathBuf;

/// The most turns of a dialogue.
const TURNS_LIMIT: usize = 1000;

/// A dialogue file, read.
#[derive(Debug)]
pub struct Dialogue {
    /// The service it talks to, from the file's folder; the one the file belongs to when it names none.
    pub service: Option<PathBuf>,
    /// When it happens.
    pub now: Option<Timestamp>,
    /// Who talks.
    pub from: String,
    /// The store at the start.
    pub kv: Object,
    /// The service's config.
    pub config: Object,
    /// The calls to the outside that are answered, as JSON.
    pub http: Option<String>,
    /// What is done, and what answers.
    pub turns: Vec<Turn>,
    /// The lines before the first turn, as they are.
    head: Vec<String>,
}

/// What a person does, and what is expected to answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The line it stands on, from 1.
    pub line: usize,
    /// What is done.
    pub input: String,
    /// What answers.
    pub answer: Answer,
}

/// What answers a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The text of the reply; none is no reply.
    pub screen: Option<String>,
    /// Whether the reply ends the session.
    pub ends: bool,
    /// What is sent besides: `endpoint to: text`.
    pub sends: Vec<String>,
    /// Lines of the log and the error: `level: text`.
    pub marks: Vec<String>,
}

impl Dialogue {
    /// Reads the text of a dialogue file.
    pub fn parse(text: &str) -> Result<Self> {
        let mut dialogue = Self {
            service: None,
            now: None,
            from: DEFAULT_FROM.to_owned(),
            kv: Object::new(),
            config: Object::new(),
            http: None,
            turns: Vec::new(),
            head: Vec::new(),
        };
        let mut screen = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let input = line.strip_prefix("> ").or((line == ">").then_some(""));
            if let Some(input) = input {
                dialogue.end_screen(&mut screen);
                dialogue.turns.push(Turn {
                    line: number,
                    input: input.to_owned(),
                    answer: Answer::default(),
                });
            } else if let Some(turn) = dialogue.turns.last_mut() {
                screen.extend(turn.answer.read(line));
            } else {
                dialogue.head.push(line.to_owned());
                dialogue.read_header(line).with_context(|| format!("line {number}"))?;
            }
        }
        dialogue.end_screen(&mut screen);
        match dialogue.turns.len() {
            0 => Err(anyhow!(
                "no turn: write what the person does after \"> \", such as \"> [dial]\""
            )),
            TURNS_LIMIT.. => Err(anyhow!("a dialogue has at most {TURNS_LIMIT} turns")),
            _ => Ok(dialogue),
        }
    }

    /// The text of the file with these answers instead of its own.
    pub fn with_answers(&self, answers: &[Answer]) -> String {
        let mut text = String::new();
        self.head.iter().for_each(|line| text.extend([line.as_str(), "\n"]));
        for (number, (turn, answer)) in self.turns.iter().zip(answers).enumerate() {
            if number > 0 {
                text.push('\n');
            }
            let _ = writeln!(text, "{}", format!("> {}", turn.input).trim_end());
            text.push_str(&answer.to_text());
        }
        text
    }

    fn read_header(&mut self, line: &str) -> Result<()> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let object = |value: &str| serde_json::from_str(value).context("expected a JSON object");
        match line.split_once(": ") {
            Some(("service", value)) => self.service = Some(PathBuf::from(value)),
            Some(("now", value)) => self.now = Some(parse_time(value).map_err(|problem| anyhow!(problem))?),
            Some(("from", value)) => value.clone_into(&mut self.from),
            Some(("kv", value)) => self.kv = object(value)?,
            Some(("config", value)) => self.config = object(value)?,
            Some(("http", value)) => self.http = Some(value.to_owned()),
            _ => {
                return Err(anyhow!(
                    "{line:?} is none of service, now, from, kv, config and http, each followed by \": \" and its value"
                ));
            }
        }
        Ok(())
    }

    /// The lines since the last turn began are its screen, blank ones at the end left out.
    fn end_screen(&mut self, screen: &mut Vec<String>) {
        let lines = std::mem::take(screen);
        let end = lines
            .iter()
            .rposition(|line: &String| !line.is_empty())
            .map_or(0, |last| last + 1);
        if let (Some(turn), true) = (self.turns.last_mut(), end > 0) {
            turn.answer.screen = Some(lines[..end].join("\n"));
        }
    }
}

impl Answer {
    /// Reads a line; one of the screen comes back.
    fn read(&mut self, line: &str) -> Option<String> {
        if line == "= end" {
            self.ends = true;
        } else if let Some(send) = line.strip_prefix("~ ") {
            self.sends.push(send.to_owned());
        } else if let Some(mark) = line.strip_prefix("! ") {
            self.marks.push(mark.to_owned());
        } else {
            return Some(line.to_owned());
        }
        None
    }

    /// As it stands in a file.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let screen = self.screen.as_deref().unwrap_or_default().trim_end_matches('\n');
        let lines = screen.lines().map(str::to_owned);
        let ends = self.ends.then(|| "= end".to_owned());
        let sends = self.sends.iter().map(|send| format!("~ {send}"));
        let marks = self.marks.iter().map(|mark| format!("! {mark}"));
        for line in lines.chain(ends).chain(sends).chain(marks) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// What was found, with marks shortened as the file has them: a mark may be a part of what was logged.
    pub fn with_marks_of(mut self, expected: &Self) -> Self {
        for (mark, wanted) in self.marks.iter_mut().zip(&expected.marks) {
            let is_part = wanted.split_once(": ").is_some_and(|(level, text)| {
                let said = mark.strip_prefix(level).and_then(|rest| rest.strip_prefix(": "));
                said.is_some_and(|said| said.contains(text))
            });
            if is_part {
                wanted.clone_into(mark);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# A comment.\nservice: ../main.ts\nnow: 2026-11-23 08:00:00\nkv: {\"a\": 1}\n\n\
                        > [dial]\nWhat?\n\n1. This\n\n> 1\nThank you.\n= end\n~ sms +1: Hi\n! warning: long\n\n>\n";

    #[test]
    fn a_file_is_read_and_written_back() {
        let dialogue = Dialogue::parse(FILE).unwrap();
        let answers: Vec<Answer> = dialogue.turns.iter().map(|turn| turn.answer.clone()).collect();
        assert_eq!(answers[0].screen.as_deref(), Some("What?\n\n1. This"));
        assert_eq!(answers[1].sends, ["sms +1: Hi"]);
        assert_eq!(answers[2], Answer::default());
        assert_eq!((dialogue.turns[1].line, dialogue.turns[2].input.as_str()), (11, ""));
        assert_eq!(dialogue.with_answers(&answers), FILE);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, expected) in [
            ("", "no turn"),
            ("colour: red\n> 1\n", "line 1: \"colour: red\" is none of"),
            ("now: soon\n> 1\n", "line 1: expected a time"),
            ("\nkv: []\n> 1\n", "line 2: expected a JSON object"),
        ] {
            let problem = format!("{:#}", Dialogue::parse(text).unwrap_err());
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn a_mark_may_be_a_part_of_what_was_logged() {
        let marks = |marks: &[&str]| Answer {
            marks: marks.iter().map(|mark| (*mark).to_owned()).collect(),
            ..Answer::default()
        };
        let found = || marks(&["warning: the screen is long", "error: Error: no"]);
        for (expected, kept) in [
            (
                marks(&["warning: is long", "error: no"]),
                marks(&["warning: is long", "error: no"]),
            ),
            (marks(&["error: is long"]), found()),
            (marks(&[]), found()),
        ] {
            assert_eq!(found().with_marks_of(&expected), kept);
        }
    }
}
