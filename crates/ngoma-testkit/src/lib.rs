//! Test harnesses: a fake engine door, a fake provider, the built program as a process, and a JSON client for it.

pub mod fake_door;
pub mod fake_provider;
pub mod http;
pub mod process;

pub use fake_door::{FakeDoor, Fallback};
pub use fake_provider::{FakeProvider, Recorded, Scripted};
pub use http::{Answer, JsonClient};
pub use process::{Memory, NgomaProcess};
