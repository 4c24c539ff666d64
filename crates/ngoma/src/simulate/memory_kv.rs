//! A service's keys in memory, from one step to the next.

use async_trait::async_trait;
use ngoma_engine::Clock;
use ngoma_engine::service::{KvReader, KvWrite, PortError, StepOutcome};
use ngoma_message::{Object, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The keys of the one service.
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    keys: Mutex<BTreeMap<String, Entry>>,
}

#[derive(Clone)]
struct Entry {
    value: Value,
    expires_at: Option<Timestamp>,
}

impl MemoryKv {
    /// Begins with these keys, which do not expire.
    pub fn new(keys: Object, clock: Arc<dyn Clock>) -> Self {
        let keys = keys.into_iter().map(|(key, value)| {
            (
                key,
                Entry {
                    value,
                    expires_at: None,
                },
            )
        });
        Self {
            clock,
            keys: Mutex::new(keys.collect()),
        }
    }

    /// Writes what a step wrote; a step that failed writes nothing.
    pub fn apply(&self, outcome: &StepOutcome) {
        if outcome.error.is_none() {
            outcome.kv.iter().for_each(|write| self.write(write));
        }
    }

    /// Every key that has not expired.
    pub fn values(&self) -> Object {
        self.live().into_iter().map(|(key, entry)| (key, entry.value)).collect()
    }

    /// The seconds left of every key that expires.
    pub fn seconds_left(&self) -> Object {
        let now = self.clock.now();
        let left = self.live().into_iter().filter_map(|(key, entry)| {
            let seconds = entry.expires_at?.since(now).as_secs_f64().ceil() as u64;
            Some((key, Value::from(seconds)))
        });
        left.collect()
    }

    fn write(&self, write: &KvWrite) {
        let mut keys = self.lock();
        match write.clone() {
            KvWrite::Set { key, value, expires_at } => drop(keys.insert(key, Entry { value, expires_at })),
            KvWrite::Delete { key } => drop(keys.remove(&key)),
            KvWrite::Increment { key, amount } => {
                let entry = keys.entry(key).or_insert(Entry {
                    value: Value::from(0),
                    expires_at: None,
                });
                entry.value = Value::from(entry.value.as_i64().unwrap_or(0).saturating_add(amount));
            }
        }
    }

    fn live(&self) -> BTreeMap<String, Entry> {
        let now = self.clock.now();
        let mut keys = self.lock();
        keys.retain(|_, entry| entry.expires_at.is_none_or(|at| at > now));
        keys.clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KvReader for MemoryKv {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        Ok(self.live().remove(key).map(|entry| entry.value))
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(self.live().len() as u64)
    }
}
