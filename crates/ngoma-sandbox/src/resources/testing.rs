//! A step for tests of resources: keys in memory, and an outside that answers what it was told to.

use super::testing_account::FakeAccount;
use super::{Answer, ContextLimits, Resource, StepContext};
use async_trait::async_trait;
use ngoma_engine::FrozenClock;
use ngoma_engine::service::{HttpPort, HttpRequest, HttpResponse, KvReader, PortError, Ports, StepInput};
use ngoma_message::{Object, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a test's step finds.
#[derive(Default)]
pub struct Given {
    pub kv: BTreeMap<String, Value>,
    pub config: Value,
    pub http_allow: Option<Vec<String>>,
    pub answer: Option<Result<HttpResponse, String>>,
    pub account: FakeAccount,
}

struct Keys(BTreeMap<String, Value>);

#[async_trait]
impl KvReader for Keys {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        Ok(self.0.get(key).cloned())
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(self.0.len() as u64)
    }
}

struct Outside(Option<Result<HttpResponse, String>>);

#[async_trait]
impl HttpPort for Outside {
    async fn call(&self, _request: HttpRequest) -> Result<HttpResponse, PortError> {
        self.0
            .clone()
            .unwrap_or(Err("nobody answers".into()))
            .map_err(PortError)
    }
}

impl Given {
    /// A step that began with message `m1` at the 24 November 2026, 08:00.
    pub fn step(self) -> StepContext {
        self.step_of(StepInput::Message(json!({"message_id": "m1"})))
    }

    /// The same of an event.
    pub fn step_of_an_event(self) -> StepContext {
        self.step_of(StepInput::Event(json!({"event_type": "ack"})))
    }

    fn step_of(self, input: StepInput) -> StepContext {
        let moment = Timestamp::parse("2026-11-24 08:00:00").unwrap();
        let ports = Ports {
            kv: Arc::new(Keys(self.kv)),
            http: Arc::new(Outside(self.answer)),
            config: Arc::new(self.config.as_object().cloned().unwrap_or_default()),
            http_allow: self.http_allow.map(Arc::new),
            account: self.account.ports(),
            clock: Arc::new(FrozenClock::at(moment)),
            seed: None,
        };
        StepContext::new(ports, &input, ContextLimits { keys: 5 })
    }
}

/// Runs a command to its end; the reply's fields with `success`, and `reason` when it failed.
pub async fn run(resource: &dyn Resource, step: &mut StepContext, command: &str, params: Value) -> Value {
    let params: Object = params.as_object().cloned().unwrap_or_default();
    let mut answer = resource.call(command, &params, step).await;
    loop {
        answer = match answer {
            Answer::Reply(mut reply) => {
                reply.insert("success".into(), true.into());
                return Value::Object(reply);
            }
            Answer::Refused(reason) => return json!({"success": false, "reason": reason}),
            Answer::Unknown => return json!("unknown"),
            Answer::Later(work) => work.await(step),
        };
    }
}
