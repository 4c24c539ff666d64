//! A step of a relay: a person's message goes on to the systems.

use super::settings;
use crate::directory::ServiceEntry;
use crate::service::{SendTo, ServiceError, StepInput, StepOutcome};
use ngoma_message::Object;
use serde_json::Value;

/// What the relay does with what it is told; events have a [way of their own](super::report).
pub(crate) fn hand_on(service: &ServiceEntry, input: &StepInput) -> StepOutcome {
    let StepInput::Message(message) = input else {
        return StepOutcome::default();
    };
    if message.get("session_event").is_some_and(|event| !event.is_null()) {
        return failed("a relay takes no sessions: route the channel to another service".into());
    }
    let settings = match settings(&service.config) {
        Ok(settings) => settings,
        Err(error) => return failed(format!("its config cannot be read: {error}")),
    };
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    StepOutcome {
        sends: vec![SendTo {
            content: Some(text("content").unwrap_or_default().to_owned()),
            to: text("to_addr").unwrap_or_default().to_owned(),
            from: text("from_addr").map(str::to_owned),
            endpoint: settings.channel,
            send_at: None,
            helper_metadata: Object::new(),
        }],
        ..StepOutcome::default()
    }
}

/// A step that did nothing, with the reason.
pub(super) fn failed(message: String) -> StepOutcome {
    StepOutcome {
        error: Some(ServiceError {
            message,
            file: None,
            line: None,
            column: None,
        }),
        ..StepOutcome::default()
    }
}
