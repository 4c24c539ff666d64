//! The vocabulary of messaging: messages, events, addresses, sessions, and the text encodings of phone networks.
//!
//! Nothing here does IO, and nothing here fails on content: bad text becomes a value with problems.

pub mod address;
pub mod event;
pub mod id;
pub mod message;
pub mod session;
pub mod text;
pub mod timestamp;
pub mod vumi;

pub use address::{Address, Country};
pub use event::{DeliveryStatus, Event, EventKind};
pub use id::MessageId;
pub use message::Message;
pub use session::SessionEvent;
pub use timestamp::Timestamp;

/// A JSON object, kept as it came.
pub type Object = serde_json::Map<String, serde_json::Value>;
