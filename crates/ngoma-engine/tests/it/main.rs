//! The engine as channels and services see it: through its door, its store and its restarts.

mod applying;
mod calls;
mod events;
mod incoming;
mod line;
mod outgoing;
mod poison;
mod policies;
mod receipts;
mod receiver;
mod restarts;
mod script;
mod sessions;
mod trouble;
mod web_hooks;
mod world;
