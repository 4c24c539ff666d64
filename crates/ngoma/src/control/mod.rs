//! How a command reaches the `serve` that runs on the same data folder: a socket in it, one JSON line each way.

mod client;
mod server;
mod socket;

pub use client::{apply, create_token};
pub use server::Control;

use crate::declare::Declaration;
use ngoma_engine::directory::Report;
use serde::{Deserialize, Serialize};

/// The most bytes of one request: the largest bundles of a few services.
const REQUEST_LIMIT: u64 = 256 * 1024 * 1024;

/// What a command says about an account that is not there.
pub fn no_such_account(account: &str) -> String {
    format!("there is no account {account}; declare it with `ngoma apply`")
}

/// What a command asks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// Apply this declaration.
    Apply(Box<Declaration>),
    /// Make a token.
    CreateToken {
        /// For which account.
        account: String,
        /// What it is for.
        label: String,
    },
}

/// What `serve` answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// It was applied.
    Applied(Report),
    /// The token that was made.
    Token(String),
    /// It was not, and nothing changed.
    Refused(String),
}
