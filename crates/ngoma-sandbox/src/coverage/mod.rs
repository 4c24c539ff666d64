//! Which lines and states of a service its tests reach: counters put into the code, and what they counted.

mod instrument;
mod lines;

pub use instrument::instrument;
pub use lines::{Coverage, FileCoverage, StateCoverage};

use serde_json::Value;

/// Where, instead of a file, the states are counted that the library `ngoma` enters.
const STATES: &str = "$states";

/// The global variable that holds the counters: file to number to count.
pub const COUNTERS: &str = "$ngomaCounters";

/// Where the counters of an instrumented service are, and what they stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each instrumented file.
    pub files: Vec<FilePlan>,
}

/// The counters of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePlan {
    /// The file.
    pub path: String,
    /// The line of each counter.
    pub lines: Vec<u32>,
    /// The states of the toolkit whose making a counter counts.
    pub states: Vec<(String, usize)>,
}

/// What a line of a step's log says of the counters, if it is the one that code with counters adds to every step.
pub fn counted(message: &str) -> Option<Value> {
    serde_json::from_str(message.strip_prefix(COUNTERS)?).ok()
}
