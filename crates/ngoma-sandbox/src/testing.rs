//! Runs the tests of a service's author, written as for mocha, in the locked-down worker that runs services.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How tests are run.
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// How long all of them may take together.
    pub whole_limit: Duration,
    /// How long one test or hook may take, unless it says otherwise with `this.timeout`.
    pub test_limit: Duration,
    /// Only tests whose titles, joined with spaces, contain this text.
    pub only: Option<String>,
    /// The name of a global variable whose value, as JSON, is handed over at the end: counters of code that was
    /// instrumented, for example.
    pub collect: Option<String>,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            whole_limit: Duration::from_secs(300),
            test_limit: Duration::from_secs(2),
            only: None,
            collect: None,
        }
    }
}

/// Something that happened while tests ran, told as it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum TestEvent {
    /// A test begins, or its hooks do.
    Began {
        /// Its title, after those of the groups it is in.
        title: Vec<String>,
    },
    /// A test ended.
    Ended(TestResult),
    /// The code wrote to the console.
    Said {
        /// `debug`, `info`, `warning` or `error`.
        level: String,
        /// What.
        text: String,
    },
}

/// How one test ended.
///
/// ```json
/// {"title":["the clinic","greets"],"outcome":"failed","duration_ms":3.5,
///  "error":{"message":"AssertionError: …","file":"test/app.js","line":7,"column":9,"actual":"1","expected":"2"}}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its title, after those of the groups it is in. A hook that fails stands here as `"before each" hook`; a file that
    /// cannot be loaded as its path.
    pub title: Vec<String>,
    /// How.
    pub outcome: TestOutcome,
    /// Why, if it failed.
    #[serde(default)]
    pub error: Option<TestError>,
    /// How long it took, its hooks left out, in milliseconds.
    #[serde(default)]
    pub duration_ms: f64,
}

/// Whether a test passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It did.
    Passed,
    /// It did not.
    Failed,
    /// It was skipped, or has no body yet.
    Pending,
}

/// Why a test failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestError {
    /// What went wrong.
    pub message: String,
    /// The author's file: the innermost that is not a package's; where there is none, that of the test.
    #[serde(default)]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(default)]
    pub column: Option<u32>,
    /// What was found, as text of one or many lines, when the error says so.
    #[serde(default)]
    pub actual: Option<String>,
    /// What was expected, likewise.
    #[serde(default)]
    pub expected: Option<String>,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestReport {
    /// Every test that ended, in order.
    pub results: Vec<TestResult>,
    /// Why the run did not come to its end, if it did not. The test that ran then is among the results, failed.
    pub problem: Option<TestError>,
    /// The value of the global variable that was asked for.
    pub collected: Option<Value>,
    /// How long the run took.
    pub duration: Duration,
}

impl TestReport {
    /// How many tests ended so.
    pub fn count(&self, outcome: TestOutcome) -> usize {
        self.results.iter().filter(|result| result.outcome == outcome).count()
    }

    /// Whether the run came to its end and no test failed.
    pub fn is_success(&self) -> bool {
        self.problem.is_none() && self.count(TestOutcome::Failed) == 0
    }
}
