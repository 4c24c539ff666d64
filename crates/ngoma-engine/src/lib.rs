//! Moves messages: store, queue, routing, sessions, trace; defines what a channel type and a service runner are.

mod bounds;
pub mod channel;
mod channels;
pub mod clock;
pub mod directory;
pub mod engine;
mod events;
mod inbound;
mod outbound;
pub mod outgoing_http;
mod panics;
mod queue;
mod receipts;
pub mod record;
pub mod service;
pub mod store;
mod suspects;
mod trace;
pub mod webhooks;

pub use clock::{Clock, FrozenClock, SystemClock};
pub use directory::ApplyError;
pub use engine::{Engine, EngineOptions, Limits};
pub use receipts::{Base, IdBase, IdBaseError};
pub use record::{
    DeadLetterKind, DeadLetterRecord, Direction, EventRecord, MessageRecord, SessionRecord, Status, TraceLine,
};
pub use store::{OpenError, StoreChoice, StoreError};
