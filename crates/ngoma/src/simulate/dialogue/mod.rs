//! Recorded dialogues: what a person does and the exact screens that answer, played against a service.

mod file;
mod play;

pub use file::Dialogue;
pub use play::{Played, play};
