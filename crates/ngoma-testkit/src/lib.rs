//! Test harnesses: a fake engine door, provider, carrier and SMSC, real servers, and the built program with a client for it.

pub mod carrier;
pub mod esme;
pub mod fake_door;
pub mod fake_provider;
pub mod http;
pub mod process;
pub mod servers;

mod certificates;
mod loopback;
mod process_tree;
mod smsc;

pub use certificates::Certificates;
pub use esme::Esme;
pub use fake_door::{FakeDoor, Fallback};
pub use fake_provider::{FakeProvider, Recorded, Scripted};
pub use http::{Answer, JsonClient};
pub use process::{Memory, NgomaProcess};
pub use smsc::Smsc;
