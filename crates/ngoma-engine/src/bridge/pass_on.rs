//! A step of such a service: what a person sent, or what became of a message, is published to its application.

use crate::amqp::Published;
use crate::directory::ServiceEntry;
use crate::engine::Runtime;
use crate::service::{ServiceError, StepInput, StepOutcome};
use crate::store::StoreError;
use crate::vumi_bus::{Line, Notes};
use ngoma_message::MessageId;
use serde_json::{Value, json};
use std::time::Duration;

/// The wait before it is published again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What is published, and under which id.
struct Parcel {
    line: Line,
    id: String,
    message: Value,
}

/// Publishes a step's input, as often as it takes: when this returns the broker has it on disk. An error says that the
/// engine stops; it is done again after its next start.
pub(crate) async fn pass_on(
    runtime: &Runtime,
    service: &ServiceEntry,
    input: &StepInput,
    is_too_late: impl Fn() -> bool,
) -> Result<StepOutcome, StoreError> {
    let Some(parcel) = pack(runtime, service, input).await? else {
        return Ok(StepOutcome::default());
    };
    let mut wait = FIRST_WAIT;
    loop {
        if is_too_late() {
            return Ok(failed("the bus did not take it while somebody waited for an answer"));
        }
        if runtime.is_stopping() {
            return Err(StoreError::Unavailable(
                "the engine stops before the bus has taken it".into(),
            ));
        }
        match publish(runtime, service, &parcel).await {
            Published::Durable => return Ok(StepOutcome::default()),
            Published::Unroutable => tracing::warn!(service.name = service.key.service, "its queue was missing"),
            Published::Refused(reason) | Published::Unknown(reason) => {
                tracing::debug!(
                    service.name = service.key.service,
                    reason,
                    "a message is published again"
                );
            }
        }
        let _ = tokio::time::timeout(wait, runtime.until_stopping()).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn publish(runtime: &Runtime, service: &ServiceEntry, parcel: &Parcel) -> Published {
    let Some(bridge) = runtime.bridges.get(service.id) else {
        return Published::Refused("the bridge is not open".to_owned());
    };
    if !bridge.connector.is_connected() {
        return Published::Refused("the broker is away".to_owned());
    }
    let mut message = parcel.message.clone();
    message["transport_name"] = json!(bridge.connector.transport_name());
    bridge.connector.publish(parcel.line, &parcel.id, &message).await
}

/// The input as its application knows it; nothing when it knows nothing of it.
async fn pack(runtime: &Runtime, service: &ServiceEntry, input: &StepInput) -> Result<Option<Parcel>, StoreError> {
    match input {
        StepInput::Message(message) => Ok(Some(Parcel {
            line: Line::Inbound,
            id: text_of(message, "message_id"),
            message: message.clone(),
        })),
        StepInput::Event(event) => {
            let about = MessageId::from(text_of(event, "user_message_id"));
            let noted = runtime.persist(|| runtime.store.noted_with(service.account, &about));
            let Some(id) = Notes::take_from(&mut noted.await?).message_id else {
                return Ok(None);
            };
            let mut message = event.clone();
            message["user_message_id"] = json!(id);
            Ok(Some(Parcel {
                line: Line::Event,
                id: text_of(event, "event_id"),
                message,
            }))
        }
    }
}

fn text_of(message: &Value, field: &str) -> String {
    message[field].as_str().unwrap_or_default().to_owned()
}

fn failed(reason: &str) -> StepOutcome {
    StepOutcome {
        error: Some(ServiceError {
            message: reason.to_owned(),
            file: None,
            line: None,
            column: None,
        }),
        ..StepOutcome::default()
    }
}
