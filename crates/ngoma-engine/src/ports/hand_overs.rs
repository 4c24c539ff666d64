//! A person's messages go to another service for a while.

use ngoma_message::Timestamp;

/// One change of who gets a person's messages, to be stored with the step. The person and the channel are those of the
/// message the step began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOverWrite {
    /// To another service.
    To {
        /// The service's name within the account.
        service: String,
        /// Why, for the trace.
        reason: Option<String>,
        /// Until when, unless it hands them back before.
        until: Timestamp,
    },
    /// To whom they went before.
    Back,
}
