//! Runs every recorded dialogue of the examples and of the JavaScript library through `ngoma simulate`.

use crate::program::{path_text, repository, run, stdout};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const DEFAULT_FROM: &str = "+27831234567";

/// A dialogue file: headers, then turns.
#[derive(Debug, Default)]
struct Dialogue {
    service: Option<String>,
    now: String,
    from: Option<String>,
    /// `kv`, `config`, `http`: JSON for the option of that name.
    files: Vec<(String, String)>,
    turns: Vec<Turn>,
}

/// `> input`, then the screen, then marks: `= end`, `~ endpoint to: text`, `! level: text`.
#[derive(Debug, Default)]
struct Turn {
    input: String,
    screen: Vec<String>,
    ends: bool,
    sends: Vec<String>,
    marks: Vec<String>,
}

impl Dialogue {
    fn parse(text: &str) -> Self {
        let mut dialogue = Self::default();
        for line in text.lines() {
            let input = line.strip_prefix("> ").or((line == ">").then_some(""));
            match (input, dialogue.turns.last_mut()) {
                (Some(input), _) => dialogue.turns.push(Turn {
                    input: input.to_owned(),
                    ..Turn::default()
                }),
                (None, Some(turn)) => turn.read(line),
                (None, None) => dialogue.read_header(line),
            }
        }
        dialogue.turns.iter_mut().for_each(Turn::drop_blank_end);
        dialogue
    }

    fn read_header(&mut self, line: &str) {
        match line.split_once(": ") {
            Some(("service", value)) => self.service = Some(value.to_owned()),
            Some(("now", value)) => self.now = value.to_owned(),
            Some(("from", value)) => self.from = Some(value.to_owned()),
            Some((option @ ("kv" | "config" | "http"), value)) => {
                self.files.push((option.to_owned(), value.to_owned()))
            }
            _ => assert!(line.is_empty() || line.starts_with('#'), "unknown header: {line}"),
        }
    }
}

impl Turn {
    fn read(&mut self, line: &str) {
        if line == "= end" {
            self.ends = true;
        } else if let Some(send) = line.strip_prefix("~ ") {
            self.sends.push(send.to_owned());
        } else if let Some(mark) = line.strip_prefix("! ") {
            self.marks.push(mark.to_owned());
        } else {
            self.screen.push(line.to_owned());
        }
    }

    fn drop_blank_end(&mut self) {
        while self.screen.last().is_some_and(String::is_empty) {
            self.screen.pop();
        }
    }

    fn message(&self, from: &str) -> Value {
        let (content, event) = match self.input.as_str() {
            "[dial]" => (Value::Null, json!("new")),
            "[hang up]" => (Value::Null, json!("close")),
            input => match input.strip_prefix("[sms]") {
                Some(text) => (json!(text.strip_prefix(' ').unwrap_or(text)), Value::Null),
                None => (json!(input), json!("resume")),
            },
        };
        json!({ "from": from, "content": content, "session_event": event })
    }

    fn check(&self, answer: &Value) {
        let reply = &answer["replies"][0];
        let expected = if self.screen.is_empty() {
            Value::Null
        } else {
            json!(self.screen.join("\n"))
        };
        assert_eq!(reply["content"], expected, "{answer}");
        assert_eq!(
            reply["session_event"] == "close",
            self.ends,
            "whether it ends: {answer}"
        );
        let sends = answer["sends"].as_array().unwrap().iter().map(|send| {
            let text = |key: &str| send[key].as_str().unwrap().to_owned();
            format!("{} {}: {}", text("endpoint"), text("to"), text("content"))
        });
        assert_eq!(sends.collect::<Vec<_>>(), self.sends);
        self.check_marks(answer);
    }

    /// Every mark is there, and no warning or error without one.
    fn check_marks(&self, answer: &Value) {
        let log = answer["log"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["level"] != "info");
        let mut found: Vec<String> = log
            .map(|line| format!("{}: {}", text(&line["level"]), text(&line["msg"])))
            .collect();
        if !answer["error"].is_null() {
            found.push(format!("error: {}", text(&answer["error"]["message"])));
        }
        assert_eq!(found.len(), self.marks.len(), "{found:?} for {:?}", self.marks);
        for mark in &self.marks {
            let (level, text) = mark.split_once(": ").unwrap();
            let is_found = found.iter().any(|line| line.starts_with(level) && line.contains(text));
            assert!(is_found, "{mark} is not in {found:?}");
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn play(file: &Path, default_service: Option<&Path>) {
    let dialogue = Dialogue::parse(&std::fs::read_to_string(file).unwrap());
    let folder = file.parent().unwrap();
    let service = dialogue
        .service
        .as_ref()
        .map_or_else(|| default_service.unwrap().to_owned(), |path| folder.join(path));
    let from = dialogue.from.as_deref().unwrap_or(DEFAULT_FROM);
    let input: String = dialogue
        .turns
        .iter()
        .map(|turn| format!("{}\n", turn.message(from)))
        .collect();
    let scratch = tempfile::tempdir().unwrap();
    let mut args = vec![
        "simulate".to_owned(),
        path_text(&service).to_owned(),
        "--now".to_owned(),
        dialogue.now.clone(),
    ];
    for (option, content) in &dialogue.files {
        let file = scratch.path().join(option);
        std::fs::write(&file, content).unwrap();
        args.extend([format!("--{option}"), path_text(&file).to_owned()]);
    }
    let output = run(&args.iter().map(String::as_str).collect::<Vec<_>>(), &input);
    assert!(output.status.success(), "{}: {output:?}", file.display());
    let answers: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), dialogue.turns.len());
    for (number, (turn, answer)) in dialogue.turns.iter().zip(&answers).enumerate() {
        eprintln!("{}: turn {}, > {}", file.display(), number + 1, turn.input);
        turn.check(answer);
    }
}

fn play_all(folder: &Path, default_service: Option<&Path>) {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no dialogues in {}", folder.display());
    files.iter().for_each(|file| play(file, default_service));
}

#[test]
fn the_clinic_speaks_its_recorded_dialogues() {
    let clinic = repository("examples/clinic");
    play_all(&clinic.join("dialogues"), Some(&clinic));
}

#[test]
fn the_library_speaks_its_recorded_dialogues() {
    play_all(&repository("sdk/js/tests/dialogues"), None);
}
