//! Colours, where they are seen: on a terminal.

use std::fmt::Display;
use std::io::IsTerminal;

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// Colours on a terminal, unless `NO_COLOR` is set.
    pub fn of_stdout() -> Self {
        let is_on = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { is_on }
    }

    /// The same for standard error.
    pub fn of_stderr() -> Self {
        let is_on = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { is_on }
    }

    /// No colours.
    #[cfg(test)]
    pub fn none() -> Self {
        Self { is_on: false }
    }

    /// What is well.
    pub fn green(self, text: impl Display) -> String {
        self.with(32, text)
    }

    /// What is not.
    pub fn red(self, text: impl Display) -> String {
        self.with(31, text)
    }

    /// What is doubtful.
    pub fn yellow(self, text: impl Display) -> String {
        self.with(33, text)
    }

    /// What is said beside.
    pub fn dim(self, text: impl Display) -> String {
        self.with(2, text)
    }

    fn with(self, code: u8, text: impl Display) -> String {
        if self.is_on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}
