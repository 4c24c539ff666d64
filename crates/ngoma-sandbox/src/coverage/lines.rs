//! What the counters of code counted, as lines and states.

use super::{FilePlan, Plan, STATES};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What all tests of a service reached.
#[derive(Clone, Debug)]
pub struct Coverage {
    plan: Plan,
    hits: BTreeMap<String, BTreeMap<usize, u64>>,
    /// States that were seen to be entered, besides those that counters count.
    entered: BTreeMap<String, u64>,
}

/// The lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCoverage {
    /// The file.
    pub path: String,
    /// Each line on which a statement begins, and how often the one that ran most did.
    pub lines: BTreeMap<u32, u64>,
}

/// The states of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateCoverage {
    /// How often each was entered.
    pub states: BTreeMap<String, u64>,
}

impl Coverage {
    /// Nothing counted yet.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            hits: BTreeMap::new(),
            entered: BTreeMap::new(),
        }
    }

    /// Adds what the counters held at the end of a step or a run of tests.
    pub fn add(&mut self, counters: &Value) {
        for (path, counted) in counters.as_object().into_iter().flatten() {
            if path == STATES {
                self.enter(counted);
                continue;
            }
            let file = self.hits.entry(path.clone()).or_default();
            for (number, count) in counted.as_object().into_iter().flatten() {
                if let (Ok(number), Some(count)) = (number.parse(), count.as_u64()) {
                    *file.entry(number).or_default() += count;
                }
            }
        }
    }

    /// The lines of every file that was loaded.
    pub fn files(&self) -> Vec<FileCoverage> {
        self.plan
            .files
            .iter()
            .filter(|file| self.was_loaded(file))
            .map(|file| self.lines_of(file))
            .collect()
    }

    /// The files that nothing loaded, though there is something to run.
    pub fn files_not_loaded(&self) -> Vec<&str> {
        let idle = self
            .plan
            .files
            .iter()
            .filter(|file| !self.was_loaded(file) && !file.lines.is_empty());
        idle.map(|file| file.path.as_str()).collect()
    }

    /// The states: those declared, and those that the code of an app for the toolkit adds.
    pub fn states(&self, declared: &[String]) -> StateCoverage {
        let mut states: BTreeMap<String, u64> = declared.iter().map(|name| (name.clone(), 0)).collect();
        for file in self.plan.files.iter().filter(|file| self.was_loaded(file)) {
            for (name, counter) in &file.states {
                *states.entry(name.clone()).or_default() += self.count(&file.path, *counter);
            }
        }
        for (name, count) in &self.entered {
            if let Some(known) = states.get_mut(name) {
                *known += count;
            }
        }
        StateCoverage { states }
    }

    /// The lines in the form that other tools read (`lcov.info`).
    pub fn lcov(&self) -> String {
        let mut text = String::new();
        for file in self.files() {
            let _ = writeln!(text, "TN:\nSF:{}", file.path);
            for (line, count) in &file.lines {
                let _ = writeln!(text, "DA:{line},{count}");
            }
            let _ = writeln!(text, "LF:{}\nLH:{}\nend_of_record", file.total(), file.covered());
        }
        text
    }

    fn enter(&mut self, counted: &Value) {
        for (state, count) in counted.as_object().into_iter().flatten() {
            *self.entered.entry(state.clone()).or_default() += count.as_u64().unwrap_or(0);
        }
    }

    fn was_loaded(&self, file: &FilePlan) -> bool {
        self.hits.contains_key(&file.path)
    }

    fn lines_of(&self, file: &FilePlan) -> FileCoverage {
        let mut lines = BTreeMap::new();
        for (number, line) in file.lines.iter().enumerate() {
            let most = lines.entry(*line).or_insert(0);
            *most = self.count(&file.path, number).max(*most);
        }
        let path = file.path.clone();
        FileCoverage { path, lines }
    }

    fn count(&self, path: &str, counter: usize) -> u64 {
        let counted = self.hits.get(path).and_then(|file| file.get(&counter));
        counted.copied().unwrap_or(0)
    }
}

impl FileCoverage {
    /// How many lines have a statement.
    pub fn total(&self) -> usize {
        self.lines.len()
    }

    /// How many of them ran.
    pub fn covered(&self) -> usize {
        self.lines.values().filter(|count| **count > 0).count()
    }

    /// The lines that did not run, neighbours taken together: `3, 7-9`.
    pub fn uncovered(&self) -> String {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut is_open = false;
        for (line, count) in &self.lines {
            match ranges.last_mut() {
                _ if *count > 0 => is_open = false,
                Some((_, last)) if is_open => *last = *line,
                _ => {
                    ranges.push((*line, *line));
                    is_open = true;
                }
            }
        }
        let ranges = ranges.iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        ranges.collect::<Vec<_>>().join(", ")
    }
}

impl StateCoverage {
    /// The states that nothing entered.
    pub fn missed(&self) -> Vec<&str> {
        let missed = self.states.iter().filter(|(_, count)| **count == 0);
        missed.map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn coverage() -> Coverage {
        let plan = FilePlan {
            path: "main.js".into(),
            lines: vec![1, 2, 2, 3, 5, 9],
            states: vec![("a".into(), 2), ("b".into(), 4)],
        };
        let idle = FilePlan {
            path: "idle.js".into(),
            lines: vec![1],
            states: vec![("never".into(), 0)],
        };
        let mut coverage = Coverage::new(Plan {
            files: vec![plan, idle],
        });
        coverage.add(&json!({ "main.js": { "0": 2, "2": 1 }, "unknown.js": { "0": 1 }, "odd": 5 }));
        coverage.add(&json!({ "main.js": { "0": 1, "5": 1, "x": 1 } }));
        coverage.add(&json!({ "$states": { "c": 1, "nobody's": 2 } }));
        coverage
    }

    #[test]
    fn counts_become_lines() {
        assert_eq!(
            (coverage().files().len(), coverage().files_not_loaded()),
            (1, vec!["idle.js"])
        );
        let file = coverage().files().remove(0);
        assert_eq!(file.lines, BTreeMap::from([(1, 3), (2, 1), (3, 0), (5, 0), (9, 1)]));
        assert_eq!((file.covered(), file.total(), file.uncovered().as_str()), (3, 5, "3-5"));
    }

    #[test]
    fn counts_become_states() {
        let states = coverage().states(&["c".into(), "d".into()]);
        let expected = [("a", 1), ("b", 0), ("c", 1), ("d", 0)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(states.states, BTreeMap::from(expected));
        assert_eq!(states.missed(), ["b", "d"]);
    }

    #[test]
    fn other_tools_can_read_it() {
        let expected = "TN:\nSF:main.js\nDA:1,3\nDA:2,1\nDA:3,0\nDA:5,0\nDA:9,1\nLF:5\nLH:3\nend_of_record\n";
        assert_eq!(coverage().lcov(), expected);
    }
}
