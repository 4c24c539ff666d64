//! Real servers for tests: PostgreSQL and RabbitMQ, started privately on the loopback interface from Debian's packages.
//!
//! A test that only uses a server takes its own database or vhost on one that all tests of the binary use; a test that
//! harms the server starts one of its own. Every server ends, and its folder goes, with the test process, however that
//! ends.
//!
//! ```no_run
//! use ngoma_testkit::servers::{self, PostgresServer};
//!
//! fn a_test() {
//!     if !servers::available() {
//!         return;
//!     }
//!     let database = servers::postgres().database();
//!     assert_eq!(database.query("select 1"), "1");
//!
//!     let server = PostgresServer::start();
//!     server.kill_immediate();
//!     server.restart();
//! }
//! ```
//!
//! `cargo xtask test` installs the packages. Its quick round runs without servers: it sets `NGOMA_TEST_SERVERS=none`, and
//! a test that needs one asks [`available`] at its start. Without that setting a missing package fails the test.

mod caretaker;
mod daemon;
mod ports;
mod postgres;
mod programs;
mod rabbitmq;

pub(crate) use ports::steady_port;
pub use postgres::{Database, PostgresServer, SharedPostgres};
pub use rabbitmq::{RabbitNode, SharedRabbit};

use std::sync::OnceLock;

/// What says whether there are servers: `none`, or unset.
const SETTING: &str = "NGOMA_TEST_SERVERS";

/// Whether tests may start servers. If not, a line says which test leaves early.
pub fn available() -> bool {
    let is_none = std::env::var_os(SETTING).is_some_and(|value| value == "none");
    if is_none {
        let thread = std::thread::current();
        println!("{} is left out: {SETTING}=none", thread.name().unwrap_or("a test"));
    }
    !is_none
}

/// The PostgreSQL server of this test binary; the first call starts it.
///
/// # Panics
/// When it does not start.
pub fn postgres() -> &'static SharedPostgres {
    static SERVER: OnceLock<SharedPostgres> = OnceLock::new();
    SERVER.get_or_init(|| SharedPostgres::new(PostgresServer::start()))
}

/// The RabbitMQ node of this test binary; the first call starts it.
///
/// # Panics
/// When it does not start.
pub fn rabbitmq() -> &'static SharedRabbit {
    static NODE: OnceLock<SharedRabbit> = OnceLock::new();
    NODE.get_or_init(|| SharedRabbit::new(RabbitNode::start()))
}

#[cfg(test)]
mod daemon_tests;
