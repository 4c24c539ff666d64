//! SMPP 3.4, both ends, with what 5.0 added where carriers use it.
//!
//! [`Session`] is the protocol without a link: octets in, octets and events out, by a clock that its owner tells. It keeps
//! the window, the timers and the order of things. [`Connection`] runs one on a link of tokio's; [`wire`] reads and writes
//! PDUs, and [`receipt`] what they say of messages sent before.

mod connection;
mod link;
pub mod pdu;
pub mod receipt;
mod session;
mod status;
pub mod tls;
pub mod tlv;
pub mod wire;

pub use connection::{Answer, Connection, Handle, Handler, Outcome, Refused, Status};
pub use session::{Config, EndReason, Ended, Event, Grant, RequestError, Role, Session, Ticket, Windows};
pub use status::CommandStatus;

/// The version that is spoken: 3.4.
pub const INTERFACE_VERSION: u8 = 0x34;
