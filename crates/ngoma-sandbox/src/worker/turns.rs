//! The event loop of a step: what is due, then replies, then what is due again, until done or dry.

use super::script::Script;
use crate::frames::Failure;
use std::io;
use std::time::{Duration, Instant};

/// How often what is due may make more due before replies are looked at: a script may wait for one by asking again and again.
const ROUNDS: usize = 100;

/// How a step ends.
pub enum Ending {
    /// The script said that it is done.
    Done,
    /// Nothing is left that could make the script go on.
    Dry,
}

/// Why a step cannot go on.
pub enum Problem {
    /// The script failed.
    Thrown(Failure),
    /// Its time is over.
    TooLong,
    /// The host is gone.
    Gone(io::Error),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Thrown(failure)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// Gives the script its command and runs it to the end.
pub fn run(script: &Script, command: &str, deadline: Instant) -> Result<Ending, Problem> {
    while script.is_loading()? {
        if !turn(script, deadline)? {
            return Err(Failure::new("the script waits at its top level for what never comes").into());
        }
    }
    script.deliver(command)?;
    script.settle()?;
    while !script.is_done() {
        if !turn(script, deadline)? {
            return Ok(Ending::Dry);
        }
    }
    Ok(Ending::Done)
}

/// One turn; false when nothing is left to wait for.
fn turn(script: &Script, deadline: Instant) -> Result<bool, Problem> {
    run_due(script, None)?;
    if script.is_done() {
        return Ok(true);
    }
    script.wire().flush()?;
    let idle_ms = script.idle_for()?;
    if idle_ms < 0.0 {
        return Ok(false);
    }
    let left = deadline
        .checked_duration_since(Instant::now())
        .ok_or(Problem::TooLong)?;
    let pause = Duration::try_from_secs_f64(idle_ms / 1000.0).map_or(left, |idle| idle.min(left));
    script.wire().wait(Some(pause))?;
    while let Some(line) = script.wire().take_line() {
        let (at_us, line) = stamped(&line)?;
        // What was due before the reply came runs before it, however late both are seen: so it is when run again.
        run_due(script, Some(at_us))?;
        if script.is_done() {
            break;
        }
        script.handle_reply(line, at_us)?;
        script.settle()?;
        if script.is_done() {
            break;
        }
    }
    Ok(true)
}

/// Runs what is due by this moment, or by now, and what that makes due at once, until the script is done.
fn run_due(script: &Script, at_us: Option<i64>) -> Result<(), Problem> {
    for _ in 0..ROUNDS {
        let count = script.begin_turn(at_us)?;
        if count == 0 {
            break;
        }
        for _ in 0..count {
            script.run_one()?;
            script.settle()?;
            if script.is_done() {
                return Ok(());
            }
        }
        script.wire().flush()?;
    }
    Ok(())
}

/// A reply is a line `<microseconds since 1970> <JSON>`.
fn stamped(line: &str) -> Result<(i64, &str), Problem> {
    let (at_us, reply) = line.split_once(' ').unwrap_or_default();
    match at_us.parse() {
        Ok(at_us) => Ok((at_us, reply)),
        Err(_) => Err(Problem::Gone(io::ErrorKind::InvalidData.into())),
    }
}
