//! How many messages a service had, and what became of them.

use crate::record::Direction;
use crate::service::PortError;
use async_trait::async_trait;
use ngoma_message::Timestamp;
use std::time::Duration;

/// Counts the messages of one service.
///
/// What a count costs does not grow with the store: it looks at no more than the latest 100,000 messages of the account
/// in one piece of the index of their ids, beside the path of messages, and one count of a service serves all who ask
/// within ten seconds.
#[async_trait]
pub trait MessageCounter: Send + Sync {
    /// All that is counted.
    async fn totals(&self) -> Result<Totals, PortError>;
    /// How many messages a minute there were in that last while.
    async fn rate(&self, direction: Direction, during: Duration) -> Result<f64, PortError>;
}

/// What became of a service's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages of people that came to it.
    pub received: u64,
    /// The people they came from.
    pub senders: u64,
    /// Messages it sent, answers among them, whatever became of them.
    pub sent: u64,
    /// The people they were for.
    pub receivers: u64,
    /// Of those it sent, the ones a carrier took.
    pub acks: u64,
    /// The ones that did not go out.
    pub nacks: u64,
    /// The ones reported to be on the phone.
    pub delivered: u64,
    /// The ones a carrier took and could not deliver.
    pub undelivered: u64,
    /// From when on messages were counted, where there are older ones that were not.
    pub since: Option<Timestamp>,
}
