//! The phone's pages: one file each.

pub mod dial;
pub mod hang_up;
pub mod inbox;
pub mod reply;
pub mod send_sms;
pub mod show;

#[cfg(test)]
mod tests;
