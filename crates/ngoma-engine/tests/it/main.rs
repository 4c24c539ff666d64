//! The engine as channels and services see it: through its door, its store and its restarts.

mod amqp;
mod applying;
mod incoming;
mod line;
mod metrics;
mod outgoing;
mod policies;
mod receipts;
mod restarts;
mod script;
mod sending;
mod sessions;
mod trouble;
mod web_hooks;
mod world;
