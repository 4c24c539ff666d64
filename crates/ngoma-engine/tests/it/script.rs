//! A runner whose services do what the message says.

use async_trait::async_trait;
use ngoma_engine::ports::contacts::{Contact, ContactWrite};
use ngoma_engine::ports::{HandOverWrite, OptOutWrite};
use ngoma_engine::recording::{Beginning, Recording, Seed};
use ngoma_engine::service::{
    Bundle, KvWrite, LogLine, Metric, Ports, Reply, SendTo, ServiceError, ServiceKey, ServiceRunner, Step, StepInput,
    StepOutcome,
};
use ngoma_message::{Address, MessageId, Object, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Every service counts its turns in the key `turns` and replies `<turns> <event> <content>`. The first word of the
/// text asks for more: see [`obey`].
pub struct Script {
    /// What was loaded, as `account/service hash`.
    pub loaded: Mutex<Vec<String>>,
    /// The version of each step's code, and of what was unloaded.
    pub ran: Mutex<Vec<i64>>,
    pub unloaded: Mutex<Vec<i64>>,
    /// Every Vumi message a step was given.
    pub seen: Mutex<Vec<Value>>,
    /// Every Vumi event a step was given.
    pub events: Mutex<Vec<Value>>,
    /// What the next steps of events do; when it is empty they count themselves in the key `events`.
    pub on_events: Mutex<VecDeque<OnEvent>>,
    /// Steps that begin with `wait` take one of these.
    pub gate: Semaphore,
    /// What the latest step of a message could ask for.
    pub ports: Mutex<Option<Ports>>,
    /// Steps that have begun.
    pub begun: AtomicUsize,
    /// Code of this hash takes one of [`Script::gate`] to load.
    pub slow_to_load: Mutex<Option<&'static str>>,
}

impl Script {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            loaded: Mutex::default(),
            ran: Mutex::default(),
            unloaded: Mutex::default(),
            seen: Mutex::default(),
            events: Mutex::default(),
            on_events: Mutex::default(),
            gate: Semaphore::new(0),
            ports: Mutex::default(),
            begun: AtomicUsize::new(0),
            slow_to_load: Mutex::default(),
        })
    }
}

impl Script {
    /// Lets go of what steps could ask for: it holds the engine's parts, which hold this.
    pub fn forget_ports(&self) {
        self.ports
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
    }
}

#[async_trait]
impl ServiceRunner for Script {
    async fn try_out(&self, bundle: Arc<Bundle>) -> Result<(), ServiceError> {
        if bundle.hash != "broken" {
            return Ok(());
        }
        Err(ServiceError {
            message: "SyntaxError: asked to".into(),
            file: Some("main.js".into()),
            line: Some(2),
            column: None,
        })
    }

    async fn load(&self, service: &ServiceKey, bundle: Arc<Bundle>) -> Result<(), ServiceError> {
        let line = format!("{}/{} {}", service.account, service.service, bundle.hash);
        let is_slow = *self.slow_to_load.lock().unwrap() == Some(bundle.hash.as_str());
        if is_slow {
            self.gate.acquire().await.unwrap().forget();
        }
        self.loaded.lock().unwrap().push(line);
        Ok(())
    }

    async fn unload(&self, service: &ServiceKey) {
        self.unloaded.lock().unwrap().push(service.version);
    }

    async fn step(&self, service: &ServiceKey, step: Step, ports: Ports) -> StepOutcome {
        self.ran.lock().unwrap().push(service.version);
        let begun = Beginning {
            at: ports.clock.now(),
            seed: Seed::of_number(7),
        };
        let outcome = self.run(step, ports).await;
        StepOutcome {
            recording: Some(Recording::new(begun, None)),
            ..outcome
        }
    }
}

impl Script {
    async fn run(&self, step: Step, ports: Ports) -> StepOutcome {
        let message = match step.input {
            StepInput::Message(message) => message,
            StepInput::Event(event) => return self.take_event(event).await,
        };
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(message.clone());
        *self.ports.lock().unwrap() = Some(ports.clone());
        if message["content"].as_str().is_some_and(|text| text.starts_with("wait")) {
            self.gate.acquire().await.unwrap().forget();
        }
        let turns = ports
            .kv
            .get("turns")
            .await
            .unwrap()
            .and_then(|turns| turns.as_i64())
            .unwrap_or(0)
            + 1;
        let mut outcome = obey(&message, turns);
        decide(&message, ports.clock.now(), &mut outcome);
        crate::contacts::obey(&message, &ports, &mut outcome).await;
        outcome
    }
}

/// What a step does when it is told of an event.
#[derive(Clone, Copy, Debug)]
pub enum OnEvent {
    Fail,
    Panic,
    /// Waits for one of [`Script::gate`].
    Wait,
    /// Answers, though there is nothing to answer.
    Reply,
    /// Sends a message to somebody.
    Send,
    /// Keeps a contact.
    Keep,
    /// Does what the store refuses.
    Spoil,
}

impl Script {
    async fn take_event(&self, event: Value) -> StepOutcome {
        self.events.lock().unwrap().push(event);
        let order = self.on_events.lock().unwrap().pop_front();
        if let Some(OnEvent::Wait) = order {
            self.gate.acquire().await.unwrap().forget();
        }
        obey_event(order)
    }

    /// Each event's type or status, in the order they were told.
    pub fn told(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let word = |event: &Value| {
            let status = event["delivery_status"].as_str().or(event["event_type"].as_str());
            status.unwrap_or_default().to_owned()
        };
        events.iter().map(word).collect()
    }
}

fn obey_event(order: Option<OnEvent>) -> StepOutcome {
    let mut outcome = StepOutcome {
        kv: vec![KvWrite::Increment {
            key: "events".into(),
            amount: 1,
        }],
        ..StepOutcome::default()
    };
    match order {
        None | Some(OnEvent::Wait) => {}
        Some(OnEvent::Panic) => panic!("asked to"),
        Some(OnEvent::Fail) => outcome.error = Some(asked_to()),
        Some(OnEvent::Reply) => outcome.replies.push(Reply {
            content: Some("an answer".into()),
            in_reply_to: "nobody".into(),
            continue_session: true,
            helper_metadata: Object::new(),
        }),
        Some(OnEvent::Send) => outcome.sends.push(SendTo {
            to: "+2".into(),
            from: None,
            send_at: None,
            endpoint: "default".into(),
            content: Some("it arrived".into()),
            helper_metadata: Object::new(),
        }),
        Some(OnEvent::Keep) => {
            let told = Contact::new("told", Timestamp::from_micros(0));
            outcome.contacts.push(ContactWrite::Add(told));
        }
        Some(OnEvent::Spoil) => outcome.kv.push(KvWrite::Increment {
            key: "word".into(),
            amount: 1,
        }),
    }
    if let Some(OnEvent::Spoil) = order {
        outcome.kv.insert(
            0,
            KvWrite::Set {
                key: "word".into(),
                value: json!("text"),
                expires_at: None,
            },
        );
    }
    outcome
}

fn asked_to() -> ServiceError {
    ServiceError {
        message: "Error: asked to".into(),
        file: Some("main.js".into()),
        line: Some(7),
        column: None,
    }
}

/// What words anywhere in the text ask for, whatever the first word does: `+optout`, `+optin`, `+later` to somebody in an
/// hour, `+handover` to the service `people`, `+handback`.
fn decide(message: &Value, now: Timestamp, outcome: &mut StepOutcome) {
    let content = message["content"].as_str().unwrap_or_default();
    let person = Address::new("tel", message["from_addr"].as_str().unwrap_or_default());
    let id = MessageId::from(message["message_id"].as_str().unwrap_or_default());
    for word in content.split_whitespace() {
        match word {
            "+optout" => outcome
                .opt_outs
                .push(OptOutWrite::opt_out(person.clone(), now, id.clone())),
            "+optin" => outcome.opt_outs.push(OptOutWrite::OptIn {
                address: person.clone(),
            }),
            "+later" => outcome.sends.push(SendTo {
                to: "+2".into(),
                from: None,
                endpoint: "sms".into(),
                send_at: Some(now + Duration::from_secs(3600)),
                content: Some("it is time".into()),
                helper_metadata: Object::new(),
            }),
            "+handover" => outcome.hand_overs.push(HandOverWrite::To {
                service: "people".into(),
                reason: Some("asks for a person".into()),
                until: now + Duration::from_secs(3600),
            }),
            "+handback" => outcome.hand_overs.push(HandOverWrite::Back),
            _ => {}
        }
    }
}

fn obey(message: &Value, turns: i64) -> StepOutcome {
    let content = message["content"].as_str().unwrap_or_default();
    let event = message["session_event"].as_str().unwrap_or("-");
    let mut words = content.split_whitespace();
    let order = words.next().unwrap_or_default();
    let id = message["message_id"].as_str().unwrap_or_default();
    let mut reply = Reply {
        content: Some(format!("{turns} {event} {content}")),
        in_reply_to: id.to_owned(),
        continue_session: order != "end",
        helper_metadata: Object::from_iter([("note".to_owned(), json!(turns))]),
    };
    let mut outcome = StepOutcome {
        kv: vec![KvWrite::Increment {
            key: "turns".into(),
            amount: 1,
        }],
        metrics: vec![Metric {
            store: "s".into(),
            metric: "m".into(),
            value: 1.0,
            agg: "sum".into(),
        }],
        log: vec![LogLine {
            level: "info".into(),
            message: "turn".into(),
        }],
        ..StepOutcome::default()
    };
    match order {
        "silent" => return outcome,
        "panic" => panic!("asked to"),
        "stray" => reply.in_reply_to = "another".into(),
        "textless" => reply.content = None,
        "fail" => {
            outcome.error = Some(asked_to());
        }
        // A word is no number: the store refuses the second write, and with it the whole step.
        "spoil" => outcome.kv.extend([
            KvWrite::Set {
                key: "word".into(),
                value: json!("text"),
                expires_at: None,
            },
            KvWrite::Increment {
                key: "word".into(),
                amount: 1,
            },
        ]),
        "send" => outcome.sends.push(SendTo {
            to: words.next().unwrap_or_default().to_owned(),
            from: None,
            send_at: None,
            endpoint: words.next().unwrap_or("default").to_owned(),
            content: Some("a message".into()),
            helper_metadata: Object::new(),
        }),
        _ => {}
    }
    outcome.replies.push(reply);
    outcome
}
