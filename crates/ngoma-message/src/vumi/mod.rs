//! The Vumi JSON form of messages and events: field for field what Vumi's own workers write and read.

mod address_type;
mod event;
mod fields;
mod message;
#[cfg(test)]
mod testing;

pub use address_type::address_of;
pub use event::{event_from_json, event_to_json};
pub use message::{message_from_json, message_to_json};

/// The version every message carries; a reader refuses any other.
pub const MESSAGE_VERSION: &str = "20110921";

/// Why a JSON value is not a Vumi message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct WireError {
    /// The field at fault.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl WireError {
    fn new(field: &str, problem: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }
}
