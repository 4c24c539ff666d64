//! Services without code that stand for an account's own systems: what people send, and what became of the systems'
//! messages, goes out by the channel the systems speak by; what they hand over goes to people.

mod hand_on;
mod report;
mod submit;

pub(crate) use hand_on::hand_on;
pub(crate) use report::report;
pub(crate) use submit::submit;

use crate::channel::Reports;
use ngoma_message::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// ```toml
/// [account.clinic.service.records]
/// kind = "relay"
/// config = { channel = "systems" }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelaySettings {
    /// The channel of the account that its systems speak by.
    pub(crate) channel: String,
}

/// Reads a service's settings.
pub(crate) fn settings(config: &Object) -> Result<RelaySettings, serde_json::Error> {
    serde_json::from_value(Value::Object(config.clone()))
}

/// Under what it is noted with a message whose it is, among what its service noted.
const NAME: &str = "ngoma_relay";

/// What is kept of a message that a system handed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    /// Who sent it, as the system wrote it.
    from: String,
    /// What the system wants to learn of it.
    reports: Reports,
    /// What its channel noted with it.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    noted: Object,
}

impl Kept {
    fn of(metadata: &Object) -> Option<Self> {
        serde_json::from_value(metadata.get(NAME)?.clone()).ok()
    }

    fn as_metadata(&self) -> Object {
        let kept = serde_json::to_value(self).unwrap_or_default();
        Object::from_iter([(NAME.to_owned(), kept)])
    }
}
