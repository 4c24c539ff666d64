//! The engine as channels and services see it: through its door, its store and its restarts.

mod amqp;
mod applying;
mod clocks;
mod incoming;
mod leases;
mod line;
mod metrics;
mod outage;
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
