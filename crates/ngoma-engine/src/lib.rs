//! Moves messages: store, queue, routing, sessions, trace; defines what a channel type and a service runner are.

pub mod amqp;
mod bounds;
mod bridge;
pub mod channel;
mod channels;
pub mod clients;
pub mod clock;
pub mod directory;
pub mod engine;
mod events;
#[cfg(feature = "faults")]
mod faults;
mod inbound;
pub mod metrics;
mod outbound;
pub mod outgoing_http;
mod panics;
pub mod ports;
mod queue;
mod receipts;
pub mod record;
pub mod recording;
mod relay;
pub mod request_body;
pub mod service;
#[cfg(all(test, feature = "faults"))]
mod simulation;
mod spool;
pub mod store;
mod suspects;
mod trace;
mod versions;
pub mod vumi_bus;
pub mod webhooks;

pub use clients::{AcceptError, Client, RequestKey, Submission};
pub use clock::{Clock, FrozenClock, SystemClock};
pub use directory::ApplyError;
pub use engine::{Engine, EngineOptions, Limits, Readiness};
pub use outbound::{HoursError, OnAmbiguous, OnAmbiguousError, Priority, PriorityError, QuietHours};
pub use queue::QueueChoice;
pub use receipts::{Base, IdBase, IdBaseError};
pub use record::{
    DeadLetterKind, DeadLetterRecord, Direction, EventRecord, MessageRecord, OptOutRecord, SessionRecord, Status,
    StepRecord, TraceLine, VersionRecord, WorkerRecord,
};
pub use spool::SpoolStatus;
pub use store::{OpenError, StoreChoice, StoreError};
