//! What the bench asks of the stub SMSC, and what that tells: a line of JSON each, on a connection of their own.

use serde::{Deserialize, Serialize};

use super::book::Expected;
use crate::load::latency::Latencies;

/// What is asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Order {
    /// Forget what came; this comes next, and whoever asks for receipts gets them, or nobody does.
    Begin {
        /// What comes.
        expected: Expected,
        /// Whether receipts are sent.
        receipts: bool,
    },
    /// Bring messages of persons, and wait for the replies.
    Deliver(Delivery),
    /// Tell, and do nothing.
    Tell,
}

/// Messages of persons, each another's.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Delivery {
    /// How long, in seconds.
    pub secs: u64,
    /// Messages a second; without it as many as are replied to.
    pub rate: Option<f64>,
    /// How many may wait for their replies.
    pub window: u64,
    /// The number of the first person, so that no two runs have the same.
    pub first: u64,
}

/// What is told.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Told {
    /// How many sessions can take messages.
    pub bound: usize,
    /// Messages that came once.
    pub distinct: u64,
    /// Messages that came again.
    pub duplicates: u64,
    /// Messages that nobody sent, or sent otherwise.
    pub wrong: u64,
    /// From the first that came to the last.
    pub seconds: f64,
    /// Messages of persons that were brought.
    pub brought: u64,
    /// Messages of persons, or receipts, that were taken.
    pub taken: u64,
    /// Of those, how many were refused.
    pub refused: u64,
    /// Of the replies.
    pub latencies: Latencies,
    /// Processor time of the stub so far.
    pub cpu_seconds: f64,
}

impl Told {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        self.distinct as f64 / self.seconds
    }
}
