//! The channel and the server's sessions against other implementations of SMPP, as they are published: npm's `smpp`,
//! PyPI's `smpplib` and `smpp.twisted3`, and Kannel. Run by `cargo xtask test`, which installs them.

mod carriers;
mod codings;
mod esmes;
mod kannel;
mod peer;
mod pem;
mod server;
mod systems;

use std::time::Duration;

/// Waits for what must come.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what)
        .await
        .expect("it comes soon")
}
