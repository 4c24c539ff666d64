//! What a broker does for a queue: it carries small tickets from a relay to whoever takes them next.

use super::contract::Abilities;
use crate::amqp::LeaseToken;
use async_trait::async_trait;

/// Carries tickets. It may lose them, and may bring one twice: the store tells.
#[async_trait]
pub(crate) trait Broker: Send + Sync {
    /// What it promises.
    fn abilities(&self) -> Abilities;
    /// Whether it can be reached now.
    fn is_up(&self) -> bool;
    /// Takes tickets; says of each whether it has it for good.
    async fn hand_over(&self, slips: Vec<Slip>) -> Vec<bool>;
    /// The next ticket. It stays with this process until it is done, or the process is gone. Nothing comes when it is
    /// closed.
    async fn next(&self) -> Option<(Vec<u8>, Handed)>;
    /// These tickets have done their work.
    async fn done(&self, handed: Vec<Handed>);
}

/// A ticket on its way to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slip {
    /// Tickets of the same order are brought one after the other.
    pub(crate) order: u64,
    /// 0 is the most urgent, 3 the least.
    pub(crate) priority: i64,
    pub(crate) body: Vec<u8>,
}

/// A ticket the broker brought, as it names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// By a number of the memory broker.
    #[cfg(test)]
    Number(u64),
    /// By RabbitMQ's own token.
    Token(LeaseToken),
}

impl Handed {
    /// RabbitMQ's token, if it is one.
    pub(super) fn token(self) -> Option<LeaseToken> {
        match self {
            Self::Token(token) => Some(token),
            #[cfg(test)]
            Self::Number(_) => None,
        }
    }
}
