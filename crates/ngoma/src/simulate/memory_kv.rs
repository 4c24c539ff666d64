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

impl Entry {
    fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
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

    /// Sets a key, which does not expire.
    pub fn put(&self, key: String, value: Value) {
        let expires_at = None;
        self.write(&KvWrite::Set { key, value, expires_at });
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
        let now = self.clock.now();
        let mut keys = self.lock();
        match write.clone() {
            KvWrite::Set { key, value, expires_at } => drop(keys.insert(key, Entry { value, expires_at })),
            KvWrite::Delete { key } => drop(keys.remove(&key)),
            KvWrite::Increment { key, amount } => {
                let before = keys.remove(&key).filter(|entry| entry.is_live(now));
                let (number, expires_at) =
                    before.map_or((0, None), |entry| (entry.value.as_i64().unwrap_or(0), entry.expires_at));
                let value = Value::from(number.saturating_add(amount));
                keys.insert(key, Entry { value, expires_at });
            }
        }
    }

    fn live(&self) -> BTreeMap<String, Entry> {
        let now = self.clock.now();
        let mut keys = self.lock();
        keys.retain(|_, entry| entry.is_live(now));
        keys.clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KvReader for MemoryKv {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        let now = self.clock.now();
        let keys = self.lock();
        let entry = keys.get(key).filter(|entry| entry.is_live(now));
        Ok(entry.map(|entry| entry.value.clone()))
    }

    async fn count(&self) -> Result<u64, PortError> {
        let now = self.clock.now();
        Ok(self.lock().values().filter(|entry| entry.is_live(now)).count() as u64)
    }
}
