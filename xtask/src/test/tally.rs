//! Counting tests, and reading the counts that other test programs print.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed and how many failed; prints as `N passed, N failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
}

impl Tally {
    /// One check that passed.
    pub const SUCCESS: Tally = Tally { passed: 1, failed: 0 };
    /// One check that failed.
    pub const FAILURE: Tally = Tally { passed: 0, failed: 1 };

    /// Sums the `test result:` lines of `cargo test`.
    pub fn of_cargo(text: &str) -> Tally {
        sum(text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("test result: ")?.split_once(". "))
            .map(|(_, counts)| Tally {
                passed: count(counts, ';', "passed"),
                failed: count(counts, ';', "failed"),
            }))
    }

    /// Sums the lines that are `N passed, N failed` and nothing else, as the browser tests print them.
    pub fn of_plain(text: &str) -> Tally {
        let tallies = text.lines().filter_map(|line| {
            let (passed, failed) = line.trim().split_once(" passed, ")?;
            Some(Tally {
                passed: passed.parse().ok()?,
                failed: failed.strip_suffix(" failed")?.parse().ok()?,
            })
        });
        sum(tallies)
    }

    /// Reads the last line of pytest: `== 2 failed, 36 passed, 1 error in 0.74s ==`.
    pub fn of_pytest(text: &str) -> Tally {
        let is_last = |line: &&str| line.starts_with('=') && line.contains(" in ");
        let Some(line) = text.lines().rev().find(is_last) else {
            return Tally::default();
        };
        let counts = line.trim_matches(['=', ' ']);
        let counts = counts.split(" in ").next().unwrap_or_default();
        Tally {
            passed: count(counts, ',', "passed"),
            failed: count(counts, ',', "failed") + count(counts, ',', "error") + count(counts, ',', "errors"),
        }
    }

    /// The tally of a program that ended badly: at least one failure, even when it counted none.
    pub fn at_least_one_failure(mut self) -> Tally {
        self.failed = self.failed.max(1);
        self
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn sum(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut total, tally| {
        total += tally;
        total
    })
}

/// The number before `word` in a list such as `12 passed; 0 failed; 0 ignored`.
fn count(counts: &str, separator: char, word: &str) -> u64 {
    counts
        .split(separator)
        .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
        .unwrap_or_default()
}

/// A failed command's output without the lines that say nothing about the failure.
pub fn worth_showing(text: &str) -> String {
    const SILENT: [&str; 6] = [
        "Compiling ",
        "Checking ",
        "Downloading ",
        "Downloaded ",
        "Running ",
        "running ",
    ];
    let is_worth = |line: &&str| {
        let line = line.trim_start();
        let is_silent = SILENT.iter().any(|start| line.starts_with(start));
        let has_passed = line.starts_with("test ") && line.ends_with("... ok");
        !is_silent && !has_passed
    };
    text.lines().filter(is_worth).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_cargo_are_summed() {
        let check = |text, passed, failed| assert_eq!(Tally::of_cargo(text), Tally { passed, failed }, "{text:?}");
        check("", 0, 0);
        check(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s",
            12,
            0,
        );
        check(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored\nx\ntest result: ok. 1 passed; 0 failed;",
            4,
            2,
        );
        check("it printed test result: once", 0, 0);
    }

    #[test]
    fn plain_lines_count_only_when_alone() {
        let check = |text, passed, failed| assert_eq!(Tally::of_plain(text), Tally { passed, failed }, "{text:?}");
        check("ok a\n7 passed, 1 failed\n", 7, 1);
        check("the phone: 7 passed, 1 failed", 0, 0);
        check("7 passed, 1 failed today", 0, 0);
    }

    #[test]
    fn the_last_line_of_pytest_is_read() {
        let check = |text, passed, failed| assert_eq!(Tally::of_pytest(text), Tally { passed, failed }, "{text:?}");
        check("", 0, 0);
        check(
            "=== test session starts ===\n......\n====== 38 passed in 0.74s ======\n",
            38,
            0,
        );
        check("== 2 failed, 35 passed, 1 warning, 1 error in 1.00s ==", 35, 3);
        check("no tests ran", 0, 0);
    }

    #[test]
    fn a_tally_prints_as_the_last_line_must_be() {
        assert_eq!(Tally { passed: 20, failed: 0 }.to_string(), "20 passed, 0 failed");
        assert_eq!(
            Tally { passed: 2, failed: 0 }.at_least_one_failure().to_string(),
            "2 passed, 1 failed"
        );
    }

    #[test]
    fn what_passed_is_not_shown() {
        let text = "   Compiling a v1\ntest a ... ok\ntest b ... FAILED\nerror: b\n";
        assert_eq!(worth_showing(text), "test b ... FAILED\nerror: b");
    }
}
