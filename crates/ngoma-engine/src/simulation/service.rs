//! Services that do what a message says, and count what they do.

use super::process::Process;
use crate::service::{
    Bundle, KvWrite, Ports, Reply, SendTo, ServiceError, ServiceKey, ServiceRunner, Step, StepInput, StepOutcome,
};
use crate::store::model::Surroundings;
use async_trait::async_trait;
use ngoma_message::Object;
use serde_json::Value;
use std::sync::Arc;

/// What a message may ask of its service, and how many answers and messages to others come of it when it is handled.
pub(super) const ORDERS: [(&str, usize, usize); 6] = [
    ("reply", 1, 0),
    ("both", 1, 1),
    ("send", 0, 1),
    ("silent", 0, 0),
    ("fail", 0, 0),
    ("spoil", 0, 0),
];

/// Runs the steps of one process. Every handled message adds one to its service's key `turns`.
pub(super) struct Script(pub(super) Arc<Process>);

#[async_trait]
impl ServiceRunner for Script {
    async fn try_out(&self, _bundle: Arc<Bundle>) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn load(&self, _service: &ServiceKey, _bundle: Arc<Bundle>) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn unload(&self, _service: &ServiceKey) {}

    async fn step(&self, service: &ServiceKey, step: Step, ports: Ports) -> StepOutcome {
        let StepInput::Message(message) = step.input else {
            return StepOutcome::default();
        };
        let world = &self.0.world;
        let person = message["from_addr"].as_str().unwrap_or_default();
        let under_way = format!("{} {}/{} {person}", self.0.name, service.account, service.service);
        if world.ledger().steps.contains(&under_way) {
            world.break_rule(format!("I5: two steps of one person ran at once: {under_way}"));
        }
        world.ledger().steps.push(under_way.clone());
        self.0.pass("a step").await;
        let outcome = match ports.kv.get("turns").await {
            Ok(_) => obey(&service.account, &message),
            Err(error) => failed(&error.to_string()),
        };
        self.0.pass("a step's end").await;
        world.ledger().steps.retain(|step| *step != under_way);
        outcome
    }
}

fn failed(why: &str) -> StepOutcome {
    StepOutcome {
        error: Some(ServiceError {
            message: why.to_owned(),
            file: None,
            line: None,
            column: None,
        }),
        ..StepOutcome::default()
    }
}

/// Everything said begins with the account it belongs to.
fn obey(account: &str, message: &Value) -> StepOutcome {
    let content = message["content"].as_str().unwrap_or_default();
    let mut outcome = StepOutcome {
        kv: vec![KvWrite::Increment {
            key: "turns".into(),
            amount: 1,
        }],
        ..StepOutcome::default()
    };
    let reply = Reply {
        content: Some(format!("{account} answers {content}")),
        in_reply_to: message["message_id"].as_str().unwrap_or_default().to_owned(),
        continue_session: !content.ends_with("last"),
        helper_metadata: Object::new(),
    };
    let send = SendTo {
        to: "+999".into(),
        from: None,
        send_at: None,
        endpoint: "default".into(),
        content: Some(format!("{account} tells {content}")),
        helper_metadata: Object::new(),
    };
    match content.split(' ').next().unwrap_or_default() {
        "reply" => outcome.replies.push(reply),
        "send" => outcome.sends.push(send),
        "both" => {
            outcome.replies.push(reply);
            outcome.sends.push(send);
        }
        "fail" => return failed("asked to"),
        // The key holds no number: the store refuses the whole step.
        "spoil" => outcome.kv.extend([
            KvWrite::Set {
                key: "word".into(),
                value: "text".into(),
                expires_at: None,
            },
            KvWrite::Increment {
                key: "word".into(),
                amount: 1,
            },
        ]),
        _ => {}
    }
    outcome
}
