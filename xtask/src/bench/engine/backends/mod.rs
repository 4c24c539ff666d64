//! What can hold an engine's messages, each started privately for one measurement.

mod postgres;
mod rabbitmq;
mod sqlite;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::test::tools::Tool;

/// A kind of back end, and what an engine on it must do.
pub struct Kind {
    /// How the names of its figures begin, and what `--on` calls it.
    pub name: &'static str,
    /// Whether it holds messages in a way of its own, which may grow dear or fat with them.
    pub is_store: bool,
    /// How many messages a second are accepted in lists.
    pub lists_a_second: f64,
    /// How many messages a second are accepted one by one.
    pub singles_a_second: f64,
    /// Starts one in a scratch folder.
    pub start: fn(&Path) -> Result<Box<dyn BackEnd>>,
    /// What it needs on this machine.
    pub needs: &'static [Tool],
}

/// All kinds. Another is a file beside these and a line here.
pub const KINDS: [&Kind; 3] = [&sqlite::KIND, &postgres::KIND, &rabbitmq::KIND];

/// A back end that runs, until it is dropped.
pub trait BackEnd {
    /// What `ngoma serve` is told, beside its data folder.
    fn arguments(&self) -> Vec<String>;
    /// Processor time that its own servers have used so far; nothing when it runs within ngoma.
    fn cpu(&self) -> Option<Duration>;
    /// Does at once what it would do by itself when it is left alone after many writes.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
    /// The one number that a query gives; `data` is the data folder of ngoma.
    fn number(&self, data: &Path, query: &str) -> Result<u64>;
}

/// What a database's own program printed for a query of one number.
fn read_number(output: std::process::Output) -> Result<u64> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the query failed: {errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .with_context(|| format!("the query gives no number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_query_gives_a_number_or_an_error() {
        let check = |script: &str, expected: Option<u64>| {
            let output = Command::new("sh").args(["-c", script]).output().unwrap();
            assert_eq!(read_number(output).ok(), expected, "{script}");
        };
        check("echo 12", Some(12));
        check("echo", None);
        check("echo 12; exit 1", None);
    }

    #[test]
    fn each_kind_has_a_name_of_its_own() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
