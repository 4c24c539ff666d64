//! Tells how tests go, as they go, and at the end what failed and why.

use super::dialogues::Rehearsed;
use super::diff::{self, Line};
use crate::commands::service::paint::Paint;
use anyhow::Result;
use ngoma_sandbox::testing::{TestError, TestEvent, TestOutcome, TestResult};

/// A test that takes longer is shown with its time.
const SLOW_MS: f64 = 75.0;

/// What failed.
struct Failure {
    title: String,
    place: Option<String>,
    message: String,
    expected: Option<String>,
    found: Option<String>,
}

/// Tells how tests go.
pub struct Reporter {
    paint: Paint,
    group: Vec<String>,
    passed: usize,
    pending: usize,
    updated: usize,
    failures: Vec<Failure>,
}

impl Reporter {
    /// Nothing has run.
    pub fn new(paint: Paint) -> Self {
        Self {
            paint,
            group: Vec::new(),
            passed: 0,
            pending: 0,
            updated: 0,
            failures: Vec::new(),
        }
    }

    /// Something happened among the author's tests.
    pub fn event(&mut self, event: &TestEvent) {
        match event {
            TestEvent::Began { .. } => {}
            TestEvent::Ended(result) => self.ended(result),
            TestEvent::Said { level, text, .. } => {
                let level = if level == "info" {
                    String::new()
                } else {
                    format!("{level}: ")
                };
                println!("{}", self.paint.dim(format!("{level}{text}")));
            }
        }
    }

    /// The run of the author's tests did not come to its end.
    pub fn problem(&mut self, problem: &TestError) {
        self.enter(&[]);
        let number = self.failures.len() + 1;
        println!(
            "  {}",
            self.paint
                .red(format!("{number}) the tests could not be run to their end"))
        );
        self.failures.push(Failure::of(
            "the tests could not be run to their end".to_owned(),
            problem,
        ));
    }

    /// A dialogue was played, or could not be.
    pub fn dialogue(&mut self, title: &str, file: &str, rehearsed: Result<Rehearsed>) {
        let group = title
            .rsplit_once('/')
            .map_or("dialogues", |(folder, _)| folder)
            .to_owned();
        let name = title.rsplit_once('/').map_or(title, |(_, name)| name);
        self.enter(&[group]);
        let failure = |place, message| Failure {
            title: title.to_owned(),
            place: Some(place),
            message,
            expected: None,
            found: None,
        };
        let problem = match rehearsed {
            Err(problem) => failure(file.to_owned(), format!("{problem:#}")),
            Ok(Rehearsed {
                played,
                is_updated: true,
            }) => {
                self.updated += 1;
                let turns = count(played.turns, "turn");
                return println!(
                    "    {} {name} {}",
                    self.paint.yellow("↻"),
                    self.paint.dim(format!("({turns}, written anew)"))
                );
            }
            Ok(Rehearsed { played, .. }) => match played.mismatch {
                None => {
                    self.passed += 1;
                    let turns = count(played.turns, "turn");
                    return println!(
                        "    {} {name} {}",
                        self.paint.green("✓"),
                        self.paint.dim(format!("({turns})"))
                    );
                }
                Some(mismatch) => {
                    let at = mismatch
                        .failed_at
                        .map(|at| format!(", failed at {at}"))
                        .unwrap_or_default();
                    let input = format!("> {}", mismatch.input);
                    let place = format!("{file}:{}", mismatch.line);
                    Failure {
                        expected: Some(mismatch.expected),
                        found: Some(mismatch.found),
                        ..failure(place, format!("the answer to \"{}\" is another{at}", input.trim_end()))
                    }
                }
            },
        };
        self.failed(name, 2, problem);
    }

    /// Tells what failed and why.
    pub fn finish(&self) {
        for (number, failure) in (1..).zip(&self.failures) {
            println!("\n  {number}) {}:", failure.title);
            if let Some(place) = &failure.place {
                println!("     {}", self.paint.dim(place));
            }
            for line in failure.message.lines() {
                println!("     {}", self.paint.red(line));
            }
            if let (Some(expected), Some(found)) = (&failure.expected, &failure.found) {
                self.tell_difference(expected, found);
            }
        }
    }

    /// The last line.
    pub fn tell_count(&self) {
        let mut parts = vec![
            format!("{} passed", self.passed),
            format!("{} failed", self.failures.len()),
        ];
        if self.pending > 0 {
            parts.push(format!("{} skipped", self.pending));
        }
        if self.updated > 0 {
            parts.push(format!("{} written anew", count(self.updated, "dialogue")));
        }
        let line = parts.join(", ");
        let painted = if self.is_success() {
            self.paint.green(line)
        } else {
            self.paint.red(line)
        };
        println!("\n{painted}");
    }

    /// Whether nothing failed.
    pub fn is_success(&self) -> bool {
        self.failures.is_empty()
    }

    fn ended(&mut self, result: &TestResult) {
        let (name, groups) = match result.title.split_last() {
            Some((name, groups)) => (name.as_str(), groups),
            None => ("", [].as_slice()),
        };
        self.enter(groups);
        let depth = groups.len() + 1;
        let indent = "  ".repeat(depth);
        match result.outcome {
            TestOutcome::Passed => {
                self.passed += 1;
                let time = match result.duration_ms > SLOW_MS {
                    true => self.paint.yellow(format!(" ({:.0} ms)", result.duration_ms)),
                    false => String::new(),
                };
                println!("{indent}{} {}{time}", self.paint.green("✓"), self.paint.dim(name));
            }
            TestOutcome::Pending => {
                self.pending += 1;
                println!("{indent}{} {name}", self.paint.yellow("-"));
            }
            TestOutcome::Failed => {
                let error = result.error.clone().unwrap_or_default();
                self.failed(name, depth, Failure::of(result.title.join(" "), &error));
            }
        }
    }

    fn failed(&mut self, name: &str, depth: usize, failure: Failure) {
        self.failures.push(failure);
        let number = self.failures.len();
        println!("{}{}", "  ".repeat(depth), self.paint.red(format!("{number}) {name}")));
    }

    /// Shows the titles of groups that were not shown last.
    fn enter(&mut self, groups: &[String]) {
        let shared = self
            .group
            .iter()
            .zip(groups)
            .take_while(|(one, other)| one == other)
            .count();
        if shared == 0 {
            println!();
        }
        for (depth, title) in groups.iter().enumerate().skip(shared) {
            println!("{}{title}", "  ".repeat(depth + 1));
        }
        self.group = groups.to_vec();
    }

    fn tell_difference(&self, expected: &str, found: &str) {
        println!("     {} {}", self.paint.green("- expected"), self.paint.red("+ found"));
        for line in diff::compare(expected, found) {
            match line {
                Line::Same(line) => println!("       {line}"),
                Line::Expected(line) => println!("     {}", self.paint.green(format!("- {line}"))),
                Line::Found(line) => println!("     {}", self.paint.red(format!("+ {line}"))),
            }
        }
    }
}

impl Failure {
    fn of(title: String, error: &TestError) -> Self {
        let place = error.file.as_ref().map(|file| match (error.line, error.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(line), None) => format!("{file}:{line}"),
            _ => file.clone(),
        });
        Self {
            title,
            place,
            message: error.message.clone(),
            expected: error.expected.clone(),
            found: error.actual.clone(),
        }
    }
}

/// `1 turn`, `2 turns`.
pub fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}
