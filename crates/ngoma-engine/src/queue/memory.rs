//! A broker in this process's memory: for tests. `serve` refuses it, since it forgets everything with the process.

use super::broker::{Broker, Handed, Slip};
use super::contract::{Abilities, Durability};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

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
            has_outbox: true,
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
