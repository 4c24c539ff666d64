//! What happened in a simulation, line by line. Ids are named in the order they are first met, so that two runs of a seed
//! tell the same story.

use ngoma_message::MessageId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The story of one run.
#[derive(Default)]
pub(super) struct Journal {
    lines: Mutex<Vec<String>>,
    names: Mutex<HashMap<MessageId, usize>>,
}

impl Journal {
    /// Adds a line.
    pub(super) fn note(&self, at: Duration, what: &str) {
        let line = format!("{:>10.3} {what}", at.as_secs_f64());
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// What a message is called in the story.
    pub(super) fn name(&self, id: &MessageId) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let next = names.len() + 1;
        format!("m{}", names.entry(id.clone()).or_insert(next))
    }

    /// The lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
