//! What one step may use and what it has done so far.

use super::contacts::Overlay;
use ngoma_engine::service::{KvWrite, LogLine, Ports, StepInput, StepOutcome};
use ngoma_message::Timestamp;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// What is allowed to every service alike.
#[derive(Clone, Debug)]
pub struct ContextLimits {
    /// How many keys a service may hold.
    pub keys: u64,
}

/// One step: its ports, and its outcome as it grows. Writes to keys are seen by later reads of the same step.
pub struct StepContext {
    /// What the step may read and call.
    pub ports: Ports,
    /// What it has done so far.
    pub outcome: StepOutcome,
    /// What is allowed to every service alike.
    pub limits: ContextLimits,
    message_id: Option<String>,
    has_session: bool,
    /// Keys as this step knows them: as read, or as it wrote them.
    known: HashMap<String, Option<Value>>,
    /// How many keys the service held before the step, once it had to be asked.
    count: Option<u64>,
    /// How many more there are after the step's writes.
    added: i64,
    /// Contacts and groups as this step changed them.
    pub(super) contacts: Overlay,
}

impl StepContext {
    /// A step that has done nothing.
    pub fn new(ports: Ports, input: &StepInput, limits: ContextLimits) -> Self {
        let message = match input {
            StepInput::Message(message) => Some(message),
            StepInput::Event(_) => None,
        };
        let message_id = message.and_then(|message| message["message_id"].as_str().map(str::to_owned));
        Self {
            ports,
            outcome: StepOutcome::default(),
            limits,
            message_id,
            has_session: message.is_some_and(|message| message["session_event"].is_string()),
            known: HashMap::new(),
            count: None,
            added: 0,
            contacts: Overlay::default(),
        }
    }

    /// Whether the step began with a person's message.
    pub fn has_message(&self) -> bool {
        self.message_id.is_some()
    }

    /// Whether somebody waits for the answer within a session.
    pub fn has_session(&self) -> bool {
        self.has_session
    }

    /// Whether the step's message may be answered no more: within a session one answer is shown.
    pub fn is_answered(&self) -> bool {
        self.has_session && !self.outcome.replies.is_empty()
    }

    /// Whether this is the message the step began with.
    pub fn is_inbound(&self, message_id: &str) -> bool {
        self.message_id.as_deref() == Some(message_id)
    }

    /// The value of a key.
    pub async fn read(&mut self, key: &str) -> Result<Option<Value>, String> {
        if let Some(known) = self.known.get(key) {
            return Ok(known.clone());
        }
        let value = self.ports.kv.get(key).await.map_err(|error| error.to_string())?;
        self.known.insert(key.to_owned(), value.clone());
        Ok(value)
    }

    /// Sets a key.
    pub async fn set(&mut self, key: &str, value: Value, lasts: Option<Duration>) -> Result<(), String> {
        self.make_room(key).await?;
        let expires_at = lasts.map(|lasts| self.now() + lasts);
        self.known.insert(key.to_owned(), Some(value.clone()));
        let key = key.to_owned();
        self.outcome.kv.push(KvWrite::Set { key, value, expires_at });
        Ok(())
    }

    /// Adds to a key that is a number or missing; its new value.
    pub async fn increment(&mut self, key: &str, amount: i64) -> Result<i64, String> {
        let before = match self.read(key).await? {
            None => 0,
            Some(value) => value.as_i64().ok_or("value is not an integer or out of range")?,
        };
        let after = before
            .checked_add(amount)
            .ok_or("increment or decrement would overflow")?;
        self.make_room(key).await?;
        self.known.insert(key.to_owned(), Some(after.into()));
        let key = key.to_owned();
        self.outcome.kv.push(KvWrite::Increment { key, amount });
        Ok(after)
    }

    /// Removes a key; whether it was there.
    pub async fn delete(&mut self, key: &str) -> Result<bool, String> {
        let existed = self.read(key).await?.is_some();
        if existed {
            self.added -= 1;
            self.known.insert(key.to_owned(), None);
            let key = key.to_owned();
            self.outcome.kv.push(KvWrite::Delete { key });
        }
        Ok(existed)
    }

    /// Adds a line to the service's log.
    pub fn log(&mut self, level: &str, message: impl Into<String>) {
        self.outcome.log.push(LogLine {
            level: level.to_owned(),
            message: message.into(),
        });
    }

    /// The time the script sees.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Counts a key that is new against the limit.
    async fn make_room(&mut self, key: &str) -> Result<(), String> {
        if self.read(key).await?.is_some() {
            return Ok(());
        }
        let before = match self.count {
            Some(count) => count,
            None => self.ports.kv.count().await.map_err(|error| error.to_string())?,
        };
        self.count = Some(before);
        let count = before.saturating_add_signed(self.added);
        if count >= self.limits.keys {
            return Err("Too many keys".into());
        }
        // The warning comes once, as the limit's four fifths are passed.
        if count + 1 == self.limits.keys / 5 * 4 {
            let limit = self.limits.keys;
            self.log(
                "warning",
                format!("The service holds {} keys of at most {limit}.", count + 1),
            );
        }
        self.added += 1;
        Ok(())
    }
}
