//! The commands the README shows are ones that are known to work, and its first one is followed to the letter.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::http::Connection;
use crate::process::{self, Running};
use crate::test::tally::Tally;
use crate::test::{Round, Suite};

/// Each command counts, and so does each answer of the demo.
pub const SUITE: Suite = Suite {
    name: "readme",
    is_quick: false,
    needs: &[],
    run,
};

const DEMO: &str = "cargo run --release -- demo";
const START: Duration = Duration::from_secs(60);

/// What the README may show, and what vouches for it.
const KNOWN: &[(&str, &str)] = &[
    (DEMO, "this suite starts it"),
    ("cargo xtask test", "this is running"),
    ("cargo xtask test --quick", "a part of what is running"),
    ("cargo xtask test --full", "what is running, with longer rounds"),
    ("cargo xtask tidy", "the tidy suite"),
    ("cargo xtask bench ussd", "read by hand: a bench is no test"),
    ("cargo xtask bench engine", "read by hand: a bench is no test"),
    ("cargo xtask bench build", "read by hand: a bench is no test"),
];

fn run(round: &Round) -> Result<Tally> {
    let readme = fs::read_to_string(round.repo.root.join("README.md")).context("read README.md")?;
    let commands = shell_commands(&readme);
    check_commands(&commands)?;
    round.binary()?;
    let answers = follow_demo(round)?;
    Ok(Tally {
        passed: commands.len() as u64 + answers,
        failed: 0,
    })
}

/// The lines of the fenced `sh` blocks with their line numbers, without comments and empty lines.
fn shell_commands(readme: &str) -> Vec<(usize, String)> {
    let mut commands = Vec::new();
    let mut is_inside = false;
    for (index, line) in readme.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("```") {
            is_inside = !is_inside && line == "```sh";
        } else if is_inside && !line.is_empty() && !line.starts_with('#') {
            let command = line.split(" #").next().unwrap_or(line).trim();
            commands.push((index + 1, command.to_owned()));
        }
    }
    commands
}

fn check_commands(commands: &[(usize, String)]) -> Result<()> {
    for (line, command) in commands {
        let is_known = KNOWN.iter().any(|(known, _)| known == command);
        ensure!(
            is_known,
            "README.md:{line}: nothing checks {command:?}; add it to the suite readme, or take it out"
        );
    }
    for (needed, _) in &KNOWN[..2] {
        ensure!(
            commands.iter().any(|(_, command)| command == needed),
            "README.md does not show {needed:?}"
        );
    }
    Ok(())
}

/// Starts the demo as the README says, only on a free port and in a scratch folder, and asks it a few things.
fn follow_demo(round: &Round) -> Result<u64> {
    let address = process::free_address()?;
    let mut command = round.repo.cargo([]);
    command
        .args(DEMO.split(' ').skip(1))
        .args(["--listen", &address.to_string(), "--data"])
        .arg(round.scratch.path().join("readme"));
    let mut demo = Running::start(&mut command, &round.logs.join("readme-demo.log"))?;
    demo.wait_until_ready(address, START)?;
    let asked = ask(&mut Connection::open(address)?).with_context(|| demo.log_tail())?;
    let status = demo.stop()?;
    ensure!(
        process::ended_well(status),
        "the demo ended with {status}\n{}",
        demo.log_tail()
    );
    Ok(asked)
}

/// Asks the pages a newcomer sees first and dials once; says how many answers were right.
fn ask(connection: &mut Connection) -> Result<u64> {
    const PAGES: [&str; 3] = ["/health", "/ready", "/phone"];
    for page in PAGES {
        let answer = connection.get(page)?;
        ensure!(
            answer.status == 200,
            "{page} answers {}: {}",
            answer.status,
            answer.body
        );
    }
    let dial =
        r#"{"session_id":"readme-1","from":"0820001001","to":"*120*8864#","session_event":"new","content":null}"#;
    let answer = connection.post_json("/c/demo/ussd", dial)?;
    ensure!(
        answer.status == 200,
        "dialling answers {}: {}",
        answer.status,
        answer.body
    );
    check_screen(&answer.body)?;
    Ok(PAGES.len() as u64 + 1)
}

fn check_screen(body: &str) -> Result<()> {
    let screen: Value = serde_json::from_str(body).context("the USSD answer is not JSON")?;
    let content = screen["content"].as_str().unwrap_or_default();
    if screen["session_event"] != "resume" || !content.contains("English") {
        bail!("the first screen does not ask for a language: {body}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_shell_blocks_are_commands() {
        let readme = "Run `x`:\n```sh\n# first\ncargo a   # why\n\ncargo b\n```\n```toml\nc = 1\n```\n```sh\nd\n```";
        let commands: Vec<(usize, String)> = [(4, "cargo a"), (6, "cargo b"), (12, "d")]
            .map(|(line, text)| (line, text.to_owned()))
            .into();
        assert_eq!(shell_commands(readme), commands);
    }

    #[test]
    fn an_unknown_or_a_missing_command_is_an_error() {
        let check = |commands: &[&str], expected: Option<&str>| {
            let commands: Vec<_> = commands.iter().map(|&command| (7, command.to_owned())).collect();
            let error = check_commands(&commands).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some(), "{error:?}");
            assert!(error.unwrap_or_default().contains(expected.unwrap_or_default()));
        };
        check(&[DEMO, "cargo xtask test"], None);
        check(
            &[DEMO, "cargo xtask test", "make"],
            Some("README.md:7: nothing checks \"make\""),
        );
        check(&[DEMO], Some("does not show \"cargo xtask test\""));
    }

    #[test]
    fn the_first_screen_must_offer_a_language() {
        assert!(check_screen(r#"{"content":"1. English","session_event":"resume"}"#).is_ok());
        assert!(check_screen(r#"{"content":"Sorry","session_event":"close"}"#).is_err());
    }
}
