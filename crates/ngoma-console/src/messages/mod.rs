//! Messages, as an account's own programs send them and ask for them.

pub mod api;
