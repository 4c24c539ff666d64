//! How a command reaches the `serve` that runs on the same data folder: a socket in it, one JSON line each way.

mod answer;
mod client;
mod opt_outs;
mod server;
mod services;
mod socket;

pub use answer::answer;
pub use client::ask;
pub use server::Control;

use crate::declare::{BundleWire, Declaration};
use ngoma_engine::directory::Report;
use serde::{Deserialize, Serialize};

/// The most bytes of one request: the largest bundles of a few services.
const REQUEST_LIMIT: u64 = 256 * 1024 * 1024;
/// What a command says of an answer it does not know.
pub const OTHER_VERSION: &str = "the running `ngoma serve` gave no answer; is it another version?";

/// What a command asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Apply this declaration.
    Apply(Box<Declaration>),
    /// Make a token.
    CreateToken {
        /// For which account.
        account: String,
        /// What it is for.
        label: String,
    },
    /// Tell how much waits.
    QueueDepth,
    /// Hand every ticket to the broker again.
    RebuildQueue,
    /// Tell what was given up.
    ListDead {
        /// Of which account.
        account: String,
    },
    /// Have what was given up tried again.
    ReplayDead {
        /// Of which account.
        account: String,
        /// What was to be done.
        kind: String,
    },
    /// Tell who does not want messages.
    ListOptOuts {
        /// Of which account.
        account: String,
        /// Behind this address, if one is given.
        after: Option<String>,
    },
    /// Note that a person does not want messages.
    OptOut {
        /// Of which account.
        account: String,
        /// Who.
        address: String,
    },
    /// Note that a person wants messages again.
    OptIn {
        /// Of which account.
        account: String,
        /// Who.
        address: String,
    },
    /// Do something with a service that runs.
    Service {
        /// Of which account.
        account: String,
        /// Which.
        service: String,
        /// What.
        asked: ServiceRequest,
    },
    /// Tell the recorded steps about a message.
    Steps {
        /// Of which account.
        account: String,
        /// Which message.
        message: String,
    },
}

/// What a command asks of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceRequest {
    /// Make this its code.
    Deploy {
        /// The code.
        bundle: Box<BundleWire>,
        /// What is to be known of it.
        note: Option<String>,
    },
    /// Tell its versions.
    Versions,
    /// Bring the code of an earlier version back.
    RollBack {
        /// Of which.
        to: Option<i64>,
    },
    /// Give a person's messages back that it was handed.
    HandBack {
        /// Who.
        address: String,
    },
    /// Tell what it logged.
    Logs {
        /// How many lines.
        lines: usize,
        /// Whether it is asked again and again: then nothing is said where there is nothing.
        is_following: bool,
    },
}

/// What `serve` answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was applied.
    Applied(Report),
    /// The token that was made.
    Token(String),
    /// What is to be printed.
    Text(String),
    /// It was not done, and nothing changed.
    Refused(String),
}
