//! Plays a dialogue: every turn in order, each answer beside the one that is expected.

use super::file::{Answer, Dialogue, Turn};
use crate::simulate::fixtures::Fixtures;
use crate::simulate::input::{self, DEFAULT_TO};
use crate::simulate::simulation::{Beginning, Loaded, Simulation};
use anyhow::{Context, Result};
use ngoma_engine::service::{StepInput, StepOutcome};
use ngoma_sandbox::coverage;
use serde_json::{Value, json};
use std::sync::Arc;

/// What came of a dialogue.
#[derive(Debug)]
pub struct Played {
    /// How many turns it has.
    pub turns: usize,
    /// The first turn that was answered otherwise than expected.
    pub mismatch: Option<Mismatch>,
    /// The file with the answers that were found.
    pub text: String,
    /// What code with counters counted, a step each.
    pub counted: Vec<Value>,
}

/// A turn that was answered otherwise than expected.
#[derive(Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The line of the turn, from 1.
    pub line: usize,
    /// What was done.
    pub input: String,
    /// What was expected, as it stands in the file.
    pub expected: String,
    /// What was found, in the same form.
    pub found: String,
    /// Where in the author's files the step failed, if it did.
    pub failed_at: Option<String>,
}

/// Plays a dialogue against loaded code.
pub async fn play(dialogue: &Dialogue, loaded: Arc<Loaded>) -> Result<Played> {
    let http = dialogue
        .http
        .as_deref()
        .map(Fixtures::parse)
        .transpose()
        .context("http")?;
    let beginning = Beginning {
        config: dialogue.config.clone(),
        kv: dialogue.kv.clone(),
        http: http.unwrap_or_default(),
        now: dialogue.now,
        ..Beginning::default()
    };
    let simulation = Simulation::new(loaded, beginning);
    let mut played = Played {
        turns: dialogue.turns.len(),
        mismatch: None,
        text: String::new(),
        counted: Vec::new(),
    };
    let mut answers = Vec::new();
    for (turn, number) in dialogue.turns.iter().zip(1..) {
        let outcome = simulation.step(message(turn, number, dialogue, &simulation)).await;
        played.note(&outcome);
        let found = answer(&outcome).with_marks_of(&turn.answer);
        if found != turn.answer && played.mismatch.is_none() {
            played.mismatch = Some(Mismatch {
                line: turn.line,
                input: turn.input.clone(),
                expected: turn.answer.to_text(),
                found: found.to_text(),
                failed_at: failed_at(&outcome),
            });
        }
        answers.push(found);
    }
    played.text = dialogue.with_answers(&answers);
    Ok(played)
}

impl Played {
    fn note(&mut self, outcome: &StepOutcome) {
        let lines = outcome.log.iter();
        self.counted
            .extend(lines.filter_map(|line| coverage::counted(&line.message)));
    }
}

/// The message that a turn makes.
fn message(turn: &Turn, number: u64, dialogue: &Dialogue, simulation: &Simulation) -> StepInput {
    let (content, event) = match turn.input.as_str() {
        "[dial]" => (Value::Null, json!("new")),
        "[hang up]" => (Value::Null, json!("close")),
        input => match input.strip_prefix("[sms]") {
            Some(text) => (json!(text.strip_prefix(' ').unwrap_or(text)), Value::Null),
            None => (json!(input), json!("resume")),
        },
    };
    StepInput::Message(input::message(
        number,
        simulation.clock.now(),
        json!(dialogue.from),
        json!(DEFAULT_TO),
        content,
        event,
    ))
}

/// What a step did, as a dialogue has it. A step that failed sends nothing, as in production.
fn answer(outcome: &StepOutcome) -> Answer {
    let mut answer = Answer::default();
    for line in outcome
        .log
        .iter()
        .filter(|line| !matches!(line.level.as_str(), "info" | "debug"))
    {
        answer.marks.push(format!("{}: {}", line.level, line.message));
    }
    if let Some(error) = &outcome.error {
        answer.marks.push(format!("error: {}", error.message));
        return answer;
    }
    if let Some(reply) = outcome.replies.first() {
        let screen = reply.content.as_deref().unwrap_or_default().trim_end_matches('\n');
        answer.screen = (!screen.is_empty()).then(|| screen.to_owned());
        answer.ends = !reply.continue_session;
    }
    let sends = outcome.sends.iter();
    answer.sends = sends
        .map(|send| {
            let later = send
                .send_at
                .map(|at| format!(" at {}", at.to_vumi()))
                .unwrap_or_default();
            let content = send.content.as_deref().unwrap_or_default();
            format!("{} {}{later}: {content}", send.endpoint, send.to)
        })
        .collect();
    answer
}

fn failed_at(outcome: &StepOutcome) -> Option<String> {
    let error = outcome.error.as_ref()?;
    let file = error.file.as_ref()?;
    Some(match (error.line, error.column) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        (Some(line), None) => format!("{file}:{line}"),
        _ => file.clone(),
    })
}
