//! Test harnesses: a fake engine door, a fake provider, the built program as a process, a JSON client for it, and servers.

pub mod carrier;
pub mod fake_door;
pub mod fake_provider;
pub mod http;
pub mod process;
pub mod servers;

mod loopback;

pub use fake_door::{FakeDoor, Fallback};
pub use fake_provider::{FakeProvider, Recorded, Scripted};
pub use http::{Answer, JsonClient};
pub use process::{Memory, NgomaProcess};
