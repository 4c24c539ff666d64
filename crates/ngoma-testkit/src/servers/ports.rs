//! Ports for servers that are stopped and started again at the same place.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;

/// Below the ports that Linux gives to clients and to `bind(0)` by itself, so that nobody takes one meanwhile.
const FIRST: u16 = 10_000;
const COUNT: u64 = 20_000;

/// A port that nobody listens on, and that the kernel gives to nobody who does not ask for it.
pub fn steady_port() -> u16 {
    loop {
        let chance = RandomState::new().hash_one(()) % COUNT;
        let port = FIRST + u16::try_from(chance).expect("it is below COUNT");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
