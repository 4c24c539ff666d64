//! A person who speaks with a service in the sandbox, turn by turn, as the engine would have it.

use crate::{PACKAGE, sandbox, toolkit};
use async_trait::async_trait;
use ngoma_engine::SystemClock;
use ngoma_engine::ports::AccountPorts;
use ngoma_engine::ports::contacts::MemoryContacts;
use ngoma_engine::service::{
    HttpPort, HttpRequest, HttpResponse, KvReader, KvWrite, PortError, Ports, ServiceKey, ServiceRunner, Step,
    StepInput, StepOutcome,
};
use ngoma_sandbox::{Sandbox, bundle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A person in a session, with what the service keeps between the turns.
pub struct Person {
    sandbox: Sandbox,
    keys: Arc<Keys>,
    contacts: Arc<MemoryContacts>,
    messages: u32,
    in_session: bool,
}

impl Person {
    /// Somebody who is about to dial an example of the toolkit.
    pub async fn of_example(name: &str) -> Self {
        let main = format!("{PACKAGE}/examples/{name}/lib/app.js");
        let sandbox = sandbox();
        let bundle = bundle::bundle(main, toolkit().files);
        sandbox.load(&key(), Arc::new(bundle)).await.unwrap();
        Self {
            sandbox,
            keys: Arc::default(),
            contacts: Arc::default(),
            messages: 0,
            in_session: false,
        }
    }

    /// Dials, or answers the screen; what the service shows then. `*` before it: the session goes on.
    pub async fn says(&mut self, content: Option<&str>) -> String {
        self.messages += 1;
        let event = if self.in_session { "resume" } else { "new" };
        let message = json!({
            "message_id": format!("m{}", self.messages),
            "content": content,
            "from_addr": "+27831234567",
            "to_addr": "*120*1#",
            "from_addr_type": "msisdn",
            "transport_name": "ussd",
            "transport_type": "ussd",
            "session_event": event,
            "helper_metadata": {"delivery_class": "ussd"},
        });
        let step = Step {
            input: StepInput::Message(message),
            wall_limit: Duration::from_secs(20),
        };
        let outcome = self.sandbox.step(&key(), step, self.ports()).await;
        self.keep(&outcome);
        let [reply] = outcome.replies.as_slice() else {
            panic!("one reply: {outcome:?}");
        };
        self.in_session = reply.continue_session;
        let goes_on = if reply.continue_session { "* " } else { "" };
        format!("{goes_on}{}", reply.content.as_deref().unwrap_or_default())
    }

    fn keep(&self, outcome: &StepOutcome) {
        assert_eq!(outcome.error, None);
        self.keys.apply(&outcome.kv);
        self.contacts.apply(&outcome.contacts);
    }

    fn ports(&self) -> Ports {
        let config = json!({"config": json!({"name": "example"}).to_string()});
        let account = AccountPorts::simulated();
        Ports {
            kv: self.keys.clone(),
            http: Arc::new(HttpBin),
            config: Arc::new(config.as_object().cloned().unwrap()),
            http_allow: None,
            account: AccountPorts {
                contacts: self.contacts.clone(),
                ..account
            },
            clock: Arc::new(SystemClock),
            seed: None,
        }
    }
}

fn key() -> ServiceKey {
    ServiceKey {
        account: "a".into(),
        service: "example".into(),
        version: 0,
    }
}

#[derive(Default)]
struct Keys(Mutex<BTreeMap<String, Value>>);

impl Keys {
    fn apply(&self, writes: &[KvWrite]) {
        let mut keys = self.0.lock().unwrap();
        for write in writes {
            match write {
                KvWrite::Set { key, value, .. } => {
                    keys.insert(key.clone(), value.clone());
                }
                KvWrite::Increment { key, amount } => {
                    let before = keys.get(key).and_then(Value::as_i64).unwrap_or(0);
                    keys.insert(key.clone(), json!(before + amount));
                }
                KvWrite::Delete { key } => {
                    keys.remove(key);
                }
            }
        }
    }
}

#[async_trait]
impl KvReader for Keys {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
}

/// What the examples call: it says back what it was sent, or refuses with the status it is asked for.
struct HttpBin;

#[async_trait]
impl HttpPort for HttpBin {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, PortError> {
        let status = request.url.strip_prefix("http://httpbin.org/status/");
        let body = request.body.unwrap_or_default();
        let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(HttpResponse {
            code: status.map_or(200, |status| status.parse().unwrap()),
            headers: vec![("content-type".into(), "application/json".into())],
            body: json!({"json": sent}).to_string().into_bytes(),
        })
    }
}
