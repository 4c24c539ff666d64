//! A place where the checkout is not as the house rules want it.

use std::fmt;

/// Prints as `path:line: what, what to do (rule)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The file, relative to the root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule's name, by which an exception names it.
    pub rule: &'static str,
    /// What is wrong and what to do about it.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} ({})", self.path, self.line, self.what, self.rule)
    }
}
