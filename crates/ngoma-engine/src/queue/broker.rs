//! What a broker does for a queue: it carries small tickets from a relay to whoever takes them next.

use super::contract::{Abilities, Durability};
use crate::amqp::LeaseToken;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

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
    Number(u64),
    /// By RabbitMQ's own token.
    Token(LeaseToken),
}

/// A broker in this process's memory: for tests.
#[derive(Default)]
pub(crate) struct MemoryBroker {
    held: Mutex<Held>,
    came: Notify,
}

#[derive(Default)]
struct Held {
    waiting: VecDeque<(u64, Vec<u8>)>,
    out: Vec<(u64, Vec<u8>)>,
    next: u64,
}

impl MemoryBroker {
    /// Forgets everything, as a broker whose disk was lost.
    pub(crate) fn wipe(&self) {
        *self.held() = Held::default();
    }

    /// Brings again what was brought and not done, as a broker does after its line was lost.
    pub(crate) fn bring_again(&self) {
        let mut held = self.held();
        let out = std::mem::take(&mut held.out);
        held.waiting.extend(out);
        drop(held);
        self.came.notify_one();
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    fn abilities(&self) -> Abilities {
        Abilities {
            name: "memory",
            durability: Durability::Nothing,
        }
    }

    fn is_up(&self) -> bool {
        true
    }

    async fn hand_over(&self, slips: Vec<Slip>) -> Vec<bool> {
        let mut held = self.held();
        for slip in &slips {
            let number = held.next;
            held.next += 1;
            held.waiting.push_back((number, slip.body.clone()));
        }
        drop(held);
        self.came.notify_one();
        slips.iter().map(|_| true).collect()
    }

    async fn next(&self) -> Option<(Vec<u8>, Handed)> {
        loop {
            {
                let mut held = self.held();
                if let Some((number, body)) = held.waiting.pop_front() {
                    held.out.push((number, body.clone()));
                    return Some((body, Handed::Number(number)));
                }
            }
            self.came.notified().await;
        }
    }

    async fn done(&self, handed: Vec<Handed>) {
        self.held()
            .out
            .retain(|(number, _)| !handed.contains(&Handed::Number(*number)));
    }
}
