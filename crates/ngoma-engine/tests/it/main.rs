//! The engine as channels and services see it: through its door, its store and its restarts.

mod amqp;
mod applying;
mod calls;
mod clocks;
mod events;
mod full_disk;
mod incoming;
mod leases;
mod line;
mod metrics;
mod outage;
mod outgoing;
mod poison;
mod policies;
mod power_loss;
mod receipts;
mod receiver;
mod restarts;
mod script;
mod sending;
mod sessions;
mod tls;
mod trouble;
mod watched;
mod web_hooks;
mod world;
