//! Moves messages: store, queue, routing, sessions, trace; defines what a channel type and a service runner are.

mod bounds;
pub mod channel;
mod channels;
pub mod clock;
pub mod directory;
pub mod engine;
#[cfg(feature = "faults")]
mod faults;
mod inbound;
mod outbound;
pub mod outgoing_http;
mod panics;
mod queue;
mod receipts;
pub mod record;
pub mod service;
#[cfg(all(test, feature = "faults"))]
mod simulation;
pub mod store;
mod trace;

pub use clock::{Clock, FrozenClock, SystemClock};
pub use directory::ApplyError;
pub use engine::{Engine, EngineOptions, Limits};
pub use record::{Direction, MessageRecord, SessionRecord, Status, TraceLine};
pub use store::{OpenError, StoreChoice, StoreError};
