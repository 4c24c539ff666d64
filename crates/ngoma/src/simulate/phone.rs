//! A phone in a terminal: what is typed is what the person does, and the screen is drawn with its length.

use super::input::{self, DEFAULT_FROM, DEFAULT_TO};
use super::simulation::Simulation;
use anyhow::Result;
use ngoma_engine::service::{LogLine, StepInput, StepOutcome};
use ngoma_message::text::{Encoding, measure, ussd_limit};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, Read, Write};

/// The longest line that is read.
const LINE_LIMIT: u64 = 64 << 10;
/// How wide a screen is drawn at most; longer lines go on in the next.
const WIDTH: usize = 60;

const HELP: &str = "\
What you type is sent. Other things a person does:
  /dial         dial (again)         /hangup       hang up
  /sms TEXT     send an SMS          /as NUMBER    be another person
  /lang CODE    speak a language     /store        show the store
  /quit         leave (or Ctrl+D)";

/// Somebody with a phone.
pub struct Phone<'a> {
    simulation: &'a Simulation,
    from: String,
    is_in_session: bool,
    steps: u64,
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish<'a> {
    Dial,
    HangUp,
    Say(&'a str),
    Sms(&'a str),
    Become(&'a str),
    Speak(&'a str),
    ShowStore,
    Help,
    Quit,
    Unknown(&'a str),
}

impl<'a> Phone<'a> {
    /// A phone that has not dialled.
    pub fn new(simulation: &'a Simulation) -> Self {
        Self {
            simulation,
            from: DEFAULT_FROM.to_owned(),
            is_in_session: false,
            steps: 0,
        }
    }

    /// Dials, and does what is typed until the end.
    pub async fn talk(&mut self, mut lines: impl BufRead, mut screen: impl Write) -> Result<()> {
        writeln!(screen, "{HELP}\n")?;
        let mut wish = Some(String::from("/dial"));
        loop {
            let line = match wish.take() {
                Some(line) => line,
                None => match self.ask(&mut lines, &mut screen)? {
                    Some(line) => line,
                    None => return Ok(()),
                },
            };
            match read(&line) {
                Wish::Quit => return Ok(()),
                read => writeln!(screen, "{}", self.fulfil(read).await)?,
            }
        }
    }

    fn ask(&self, lines: &mut impl BufRead, screen: &mut impl Write) -> Result<Option<String>> {
        let sign = if self.is_in_session { ">" } else { "(no session) >" };
        write!(screen, "{sign} ")?;
        screen.flush()?;
        let mut line = String::new();
        let length = lines.by_ref().take(LINE_LIMIT).read_line(&mut line)?;
        Ok((length > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
    }

    async fn fulfil(&mut self, wish: Wish<'_>) -> String {
        match wish {
            Wish::Dial => self.step(Value::Null, json!("new")).await,
            Wish::HangUp => {
                let shown = self.step(Value::Null, json!("close")).await;
                self.is_in_session = false;
                format!("{shown}You hung up.")
            }
            Wish::Say(_) if !self.is_in_session => {
                "No session is open: /dial begins one, /sms sends a text.".to_owned()
            }
            Wish::Say(text) => self.step(json!(text), json!("resume")).await,
            Wish::Sms(text) => self.step(json!(text), Value::Null).await,
            Wish::Become(number) => {
                number.clone_into(&mut self.from);
                self.is_in_session = false;
                format!("You are {number} now.")
            }
            Wish::Speak(language) => self.speak(language),
            Wish::ShowStore => format!("{:#}", Value::Object(self.simulation.kv.values())),
            Wish::Help => HELP.to_owned(),
            Wish::Unknown(command) => format!("There is no {command}.\n{HELP}"),
            Wish::Quit => String::new(),
        }
    }

    /// Changes the language that the service keeps for the person, as the library `ngoma` or the toolkit does.
    fn speak(&self, language: &str) -> String {
        let ending = format!(".{}", self.from);
        let mut is_known = false;
        for (key, mut value) in self.simulation.kv.values() {
            let field = if value.get("v").is_some() { "language" } else { "lang" };
            if let (true, Some(person)) = (
                key.starts_with("users.") && key.ends_with(&ending),
                value.as_object_mut(),
            ) {
                person.insert(field.to_owned(), json!(language));
                self.simulation.kv.put(key, value);
                is_known = true;
            }
        }
        match is_known {
            true => format!("The service speaks {language} to you now."),
            false => "The service does not know you yet: /dial first.".to_owned(),
        }
    }

    async fn step(&mut self, content: Value, event: Value) -> String {
        self.steps += 1;
        let is_session = !event.is_null();
        let (from, at) = (json!(self.from), self.simulation.clock.now());
        let message = input::message(self.steps, at, from, json!(DEFAULT_TO), content, event);
        let outcome = self.simulation.step(StepInput::Message(message)).await;
        let is_open = outcome.error.is_none() && outcome.replies.first().is_some_and(|reply| reply.continue_session);
        if is_session {
            self.is_in_session = is_open;
        }
        shown(&outcome, is_session)
    }
}

fn read(line: &str) -> Wish<'_> {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    match command {
        "/dial" | "/redial" => Wish::Dial,
        "/hangup" => Wish::HangUp,
        "/sms" => Wish::Sms(rest),
        "/as" if !rest.trim().is_empty() => Wish::Become(rest.trim()),
        "/lang" if !rest.trim().is_empty() => Wish::Speak(rest.trim()),
        "/store" => Wish::ShowStore,
        "/help" | "/as" | "/lang" => Wish::Help,
        "/quit" => Wish::Quit,
        command if command.starts_with('/') => Wish::Unknown(command),
        _ => Wish::Say(line),
    }
}

/// What a step did, as a person and its author see it.
fn shown(outcome: &StepOutcome, is_session: bool) -> String {
    let mut text = String::new();
    // The runtime notes the end of each step itself.
    let is_of_interest = |line: &&LogLine| line.level != "debug" && line.message != "Done.";
    for line in outcome.log.iter().filter(is_of_interest) {
        let _ = writeln!(text, "  log {}: {}", line.level, line.message);
    }
    if let Some(error) = &outcome.error {
        let place = error.file.as_ref().map(|file| match error.line {
            Some(line) => format!("{file}:{line}: "),
            None => format!("{file}: "),
        });
        let _ = writeln!(text, "  failed: {}{}", place.unwrap_or_default(), error.message);
        return text;
    }
    for reply in &outcome.replies {
        text += &framed(reply.content.as_deref().unwrap_or_default(), is_session);
        if is_session && !reply.continue_session {
            text.push_str("Session ended.\n");
        }
    }
    for send in &outcome.sends {
        let content = send.content.as_deref().unwrap_or_default();
        let later = send
            .send_at
            .map(|at| format!(" at {}", at.to_vumi()))
            .unwrap_or_default();
        let _ = writeln!(text, "{} to {}{later}:", send.endpoint, send.to);
        text += &framed(content, false);
    }
    if text.is_empty() {
        text.push_str("No answer.\n");
    }
    text
}

/// A text in a box, with how long it is and how much fits.
fn framed(text: &str, is_session: bool) -> String {
    let lines: Vec<String> = text.lines().flat_map(wrapped).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).max(20);
    let mut framed = format!("┌{}┐\n", "─".repeat(width + 2));
    for line in &lines {
        let blank = " ".repeat(width - line.chars().count());
        let _ = writeln!(framed, "│ {line}{blank} │");
    }
    let _ = writeln!(framed, "└{}┘ {}", "─".repeat(width + 2), length(text, is_session));
    framed
}

fn wrapped(line: &str) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    if letters.is_empty() {
        return vec![String::new()];
    }
    letters.chunks(WIDTH).map(|part| part.iter().collect()).collect()
}

/// `23 of 182 septets`, `200 UCS-2 units, 3 SMS`.
fn length(text: &str, is_session: bool) -> String {
    let measured = measure(text);
    let unit = match measured.encoding {
        Encoding::Gsm7 => "septets",
        Encoding::Ucs2 => "UCS-2 units",
    };
    let limit = ussd_limit(measured.encoding);
    match is_session {
        true if measured.units > limit => format!("{} {unit}: TOO LONG, {limit} fit", measured.units),
        true => format!("{} of {limit} {unit}", measured.units),
        false => format!("{} {unit}, {} SMS", measured.units, measured.segments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wishes() {
        for (line, expected) in [
            ("1", Wish::Say("1")),
            ("", Wish::Say("")),
            ("a b", Wish::Say("a b")),
            ("/redial", Wish::Dial),
            ("/hangup", Wish::HangUp),
            ("/sms JOIN me", Wish::Sms("JOIN me")),
            ("/as +27820000000", Wish::Become("+27820000000")),
            ("/as", Wish::Help),
            ("/lang zu", Wish::Speak("zu")),
            ("/jump", Wish::Unknown("/jump")),
            ("/quit", Wish::Quit),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_screen_is_drawn_with_its_length() {
        let expected = "┌──────────────────────┐\n│ What?                │\n│                      │\n\
                        │ 1. Oui               │\n└──────────────────────┘ 13 of 182 septets\n";
        assert_eq!(framed("What?\n\n1. Oui", true), expected);
        assert!(framed(&"ê".repeat(81), true).contains("81 UCS-2 units: TOO LONG, 80 fit"));
        assert!(framed(&"a".repeat(161), false).contains("161 septets, 2 SMS"));
    }
}
