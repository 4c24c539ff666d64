//! Who takes what comes by a queue.

use async_trait::async_trait;
use serde_json::Value;

/// What became of a message that came by a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is durable here, or was before: the broker may forget it.
    Done,
    /// It can never be taken, for this reason: the broker may forget it.
    Refused(String),
    /// It cannot be taken now, for this reason: it is tried again after a while.
    Later(String),
}

/// Takes what comes by a queue.
#[async_trait]
pub trait Intake: Send + Sync {
    /// What it must stay in order with: messages of one key are taken one after the other.
    fn key(&self, message: &Value) -> String;

    /// Takes one message. The same one may come again.
    async fn take(&self, message: Value) -> Taken;
}
