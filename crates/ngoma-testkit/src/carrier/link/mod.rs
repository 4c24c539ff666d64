//! The carrier over a link: one long connection of the engine's channel, as SMPP's are. An engine in another process can
//! so be killed while the carrier stays.

mod channel;
mod front;
mod line;
mod wire;

pub use channel::LinkedCarrier;
pub use front::LinkFront;
pub(super) use line::Link;
pub(super) use wire::{hand_over, report};
