//! A sandbox with one service, and keys in memory that live from step to step.

use async_trait::async_trait;
use ngoma_engine::SystemClock;
use ngoma_engine::service::{
    Bundle, HttpPort, HttpRequest, HttpResponse, KvReader, KvWrite, PortError, Ports, ServiceError, ServiceKey,
    ServiceRunner, Step, StepInput, StepOutcome,
};
use ngoma_message::Object;
use ngoma_sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A loaded service.
pub struct Ground {
    pub sandbox: Sandbox,
    key: ServiceKey,
    keys: Arc<Keys>,
    config: Arc<Object>,
}

#[derive(Default)]
struct Keys(Mutex<HashMap<String, Value>>);

impl Keys {
    fn apply(&self, writes: Vec<KvWrite>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for write in writes {
            match write {
                KvWrite::Set { key, value, .. } => {
                    held.insert(key, value);
                }
                KvWrite::Increment { key, amount } => {
                    let before = held.get(&key).and_then(Value::as_i64).unwrap_or(0);
                    held.insert(key, (before + amount).into());
                }
                KvWrite::Delete { key } => {
                    held.remove(&key);
                }
            }
        }
    }
}

#[async_trait]
impl KvReader for Keys {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }
}

struct Nowhere;

#[async_trait]
impl HttpPort for Nowhere {
    async fn call(&self, _request: HttpRequest) -> Result<HttpResponse, PortError> {
        Err(PortError("there is no outside".into()))
    }
}

impl Ground {
    /// Loads a service.
    pub async fn load(worker: &str, bundle: Bundle, config: Object) -> Result<Self, ServiceError> {
        let sandbox = Sandbox::new(SandboxOptions {
            program: worker.into(),
            ..SandboxOptions::default()
        })
        .map_err(|error| ServiceError {
            message: error.to_string(),
            file: None,
            line: None,
            column: None,
        })?;
        let key = ServiceKey {
            account: "bench".into(),
            service: "service".into(),
            version: 0,
        };
        sandbox.load(&key, Arc::new(bundle)).await?;
        Ok(Self {
            sandbox,
            key,
            keys: Arc::default(),
            config: Arc::new(config),
        })
    }

    /// The process of the service's worker.
    pub async fn worker(&self) -> u32 {
        self.sandbox.worker_pid(&self.key).await.unwrap_or_default()
    }

    /// Runs a step and keeps what it wrote.
    pub async fn step(&self, from: &str, event: &str, content: Option<&str>) -> StepOutcome {
        let message = json!({
            "message_id": "0123456789abcdef0123456789abcdef", "from_addr": from, "to_addr": "*120*8864#",
            "content": content, "session_event": event, "transport_name": "ussd", "transport_type": "ussd",
            "transport_metadata": {}, "helper_metadata": {}, "routing_metadata": {}, "message_type": "user_message",
            "message_version": "20110921", "timestamp": "2026-11-24 08:00:00.000000", "in_reply_to": null, "group": null,
        });
        let step = Step {
            input: StepInput::Message(message),
            wall_limit: Duration::from_secs(30),
        };
        let mut outcome = self.sandbox.step(&self.key, step, self.ports()).await;
        self.keys.apply(std::mem::take(&mut outcome.kv));
        outcome
    }

    fn ports(&self) -> Ports {
        let keys: Arc<Keys> = Arc::clone(&self.keys);
        Ports {
            kv: keys,
            http: Arc::new(Nowhere),
            config: Arc::clone(&self.config),
            http_allow: None,
            account: ngoma_engine::ports::AccountPorts::simulated(),
            clock: Arc::new(SystemClock),
            seed: None,
        }
    }
}

/// The value below which this share of sorted times lies, in milliseconds.
pub fn at(times: &[Duration], share: f64) -> f64 {
    let last = times.len().saturating_sub(1);
    times
        .get((last as f64 * share) as usize)
        .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
