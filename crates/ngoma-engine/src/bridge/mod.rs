//! Services whose code is an application beside the engine, on a Vumi bus: our channel, their application.

mod application;
mod open;
mod pass_on;

pub(crate) use open::{Bridges, settings};
pub(crate) use pass_on::pass_on;
