//! Which lines and states the tests reach, as a table and as a file for other tools.

use super::find::Found;
use crate::commands::service::paint::Paint;
use anyhow::{Context, Result};
use ngoma_engine::service::Bundle;
use ngoma_sandbox::coverage::{self, Coverage, FileCoverage, StateCoverage};
use ngoma_sandbox::{Sandbox, bundle};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// What was counted so far.
#[derive(Default)]
pub struct Cover {
    counted: Vec<Value>,
}

impl Cover {
    /// The same code with counters.
    pub fn instrument(bundle: &Bundle) -> Bundle {
        coverage::instrument(bundle).0
    }

    /// Adds what counters held.
    pub fn add(&mut self, counted: &Value) {
        self.counted.push(counted.clone());
    }

    /// Shows it, and writes it to a file.
    pub async fn tell(&self, sandbox: &Arc<Sandbox>, found: &Found, is_shown: bool, lcov: Option<&Path>) -> Result<()> {
        let service = found.service.as_deref().unwrap_or(&found.folder);
        let bundle = bundle::read_all(&super::find::folder_of(service))?;
        let (_, plan) = coverage::instrument(&bundle);
        let mut coverage = Coverage::new(plan);
        self.counted.iter().for_each(|counted| coverage.add(counted));
        if let Some(file) = lcov {
            std::fs::write(file, coverage.lcov()).with_context(|| format!("cannot write {}", file.display()))?;
        }
        if is_shown {
            let declared = declared_states(sandbox, service).await;
            let idle = coverage.files_not_loaded();
            let text = table(
                &coverage.files(),
                &idle,
                &coverage.states(&declared),
                Paint::of_stdout(),
            );
            print!("\n{text}");
        }
        Ok(())
    }
}

/// The states of a service on the library `ngoma`.
async fn declared_states(sandbox: &Sandbox, service: &Path) -> Vec<String> {
    let Ok(bundle) = bundle::read(service) else {
        return Vec::new();
    };
    // One that cannot be described has failed its tests already.
    let description = sandbox.describe(bundle).await.ok().flatten().unwrap_or_default();
    description.states.into_iter().map(|state| state.name).collect()
}

/// The table: a line a file, one for all of them, and the states.
fn table(files: &[FileCoverage], idle: &[&str], states: &StateCoverage, paint: Paint) -> String {
    let width = files
        .iter()
        .map(|file| file.path.chars().count())
        .max()
        .unwrap_or(0)
        .max(8);
    let mut text = format!("{:<width$}  lines run      %  lines that did not run\n", "file");
    let line = |name: &str, covered: usize, total: usize, missed: &str| {
        let share = percent(covered, total);
        let line = format!(
            "{name:<width$}  {:>9}  {share:>5}  {missed}",
            format!("{covered}/{total}")
        );
        let line = line.trim_end();
        if covered == total {
            paint.green(line)
        } else {
            paint.yellow(line)
        }
    };
    let (mut covered, mut total) = (0, 0);
    for file in files {
        covered += file.covered();
        total += file.total();
        text += &line(&file.path, file.covered(), file.total(), &file.uncovered());
        text.push('\n');
    }
    if files.is_empty() {
        return "coverage: no JavaScript or TypeScript ran\n".to_owned();
    }
    text += &line("all", covered, total, "");
    text.push('\n');
    text += "A line counts if a statement begins on it; tests, packages and the built-in library do not count.\n";
    if !idle.is_empty() {
        text += &format!("Not loaded by any test, and not counted: {}\n", idle.join(", "));
    }
    if !states.states.is_empty() {
        let missed = states.missed();
        let entered = states.states.len() - missed.len();
        let share = percent(entered, states.states.len());
        text += &format!("states entered: {entered}/{} ({share})", states.states.len());
        if !missed.is_empty() {
            text += &format!("; not: {}", missed.join(", "));
        }
        text.push('\n');
    }
    text
}

fn percent(part: usize, whole: usize) -> String {
    match whole {
        0 => "-".to_owned(),
        // Rounded down: only all of it is 100.
        whole => format!("{}%", part * 100 / whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_says_what_was_reached_of_how_much() {
        let file = |path: &str, lines: &[(u32, u64)]| FileCoverage {
            path: path.to_owned(),
            lines: BTreeMap::from_iter(lines.iter().copied()),
        };
        let files = [
            file("main.ts", &[(1, 1), (2, 0), (3, 0), (9, 4), (11, 0)]),
            file("lib/dates.ts", &[(1, 1)]),
            file("types.ts", &[]),
        ];
        let states = ["asked", "done", "told"].map(|name| (name.to_owned(), u64::from(name == "asked")));
        let states = StateCoverage {
            states: BTreeMap::from(states),
        };
        insta::assert_snapshot!(table(&files, &["old.ts"], &states, Paint::none()), @r"
        file          lines run      %  lines that did not run
        main.ts             2/5    40%  2-3, 11
        lib/dates.ts        1/1   100%
        types.ts            0/0      -
        all                 3/6    50%
        A line counts if a statement begins on it; tests, packages and the built-in library do not count.
        Not loaded by any test, and not counted: old.ts
        states entered: 1/3 (33%); not: done, told
        ");
    }
}
