//! The engine as channels and services see it: through its door, its store and its restarts.

mod applying;
mod clocks;
mod incoming;
mod leases;
mod line;
mod outage;
mod outgoing;
mod receipts;
mod restarts;
mod script;
mod sessions;
mod trouble;
mod web_hooks;
mod world;
