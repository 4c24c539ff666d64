//! What runs a service's code: one step at a time, its effects handed back for one transaction.

use crate::clock::Clock;
use crate::ports::contacts::ContactWrite;
use crate::ports::{AccountPorts, HandOverWrite, OptOutWrite};
use crate::recording::{Recording, Seed};
use async_trait::async_trait;
use ngoma_message::{Object, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The code of a service: a set of files, named by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The SHA-256 of its files and main, in hexadecimal.
    pub hash: String,
    /// The file that is run first, a key of `files`.
    pub main: String,
    /// Every file by its path within the bundle, `/` between names.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// That of a service without code of its own.
    pub fn none() -> Self {
        Self {
            hash: "none".to_owned(),
            main: String::new(),
            files: BTreeMap::new(),
        }
    }
}

/// Runs the code of services.
#[async_trait]
pub trait ServiceRunner: Send + Sync {
    /// Whether this code can be loaded. Nothing stays loaded.
    async fn try_out(&self, bundle: Arc<Bundle>) -> Result<(), ServiceError>;
    /// Loads a service so that its next step starts quickly. Loading what is loaded does nothing.
    async fn load(&self, service: &ServiceKey, bundle: Arc<Bundle>) -> Result<(), ServiceError>;
    /// Forgets a service and frees what it holds.
    async fn unload(&self, service: &ServiceKey);
    /// Runs one step in fresh state. What it did comes back; nothing was stored or sent.
    async fn step(&self, service: &ServiceKey, step: Step, ports: Ports) -> StepOutcome;
}

/// Which service of which account, in which version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceKey {
    /// The account's code.
    pub account: String,
    /// The service's name within it.
    pub service: String,
    /// The version of its code; 0 for code that has no versions.
    pub version: i64,
}

impl ServiceKey {
    /// The same service in another version.
    pub fn in_version(&self, version: i64) -> Self {
        Self {
            version,
            ..self.clone()
        }
    }
}

/// What a step begins with.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happened.
    pub input: StepInput,
    /// How long it may take by the wall clock, resource calls included.
    pub wall_limit: Duration,
}

/// What a service is told. The JSON reaches the script as it is.
#[derive(Clone, Debug)]
pub enum StepInput {
    /// A Vumi user message.
    Message(Value),
    /// A Vumi event.
    Event(Value),
}

/// What a step may read and call; each is limited to the one service.
#[derive(Clone)]
pub struct Ports {
    /// The service's committed keys.
    pub kv: Arc<dyn KvReader>,
    /// Calls to the outside.
    pub http: Arc<dyn HttpPort>,
    /// The service's config: key to JSON value.
    pub config: Arc<Object>,
    /// The hosts the http resource may call; `None` allows every public one.
    pub http_allow: Option<Arc<Vec<String>>>,
    /// What the service may ask of its account.
    pub account: AccountPorts,
    /// The time the script sees.
    pub clock: Arc<dyn Clock>,
    /// Where the script's random numbers come from; `None` draws a seed for the step.
    pub seed: Option<Seed>,
}

/// Reads a service's committed keys.
#[async_trait]
pub trait KvReader: Send + Sync {
    /// The value of a key that has not expired.
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError>;
    /// How many keys the service holds.
    async fn count(&self) -> Result<u64, PortError>;
}

/// Calls to the outside, guarded or answered from fixtures.
#[async_trait]
pub trait HttpPort: Send + Sync {
    /// Makes one call; redirects are not followed.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, PortError>;
}

/// One call to the outside.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole address, query included.
    pub url: String,
    /// Headers in order; a name may repeat.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// The most bytes to read of the answer.
    pub response_limit: usize,
    /// How long the whole call may take.
    pub timeout: Duration,
    /// Whether the host may be on a private network: whoever runs the service allowed it by name.
    pub may_be_private: bool,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpResponse {
    /// The status code.
    pub code: u16,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A port could not answer: the reason the script is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PortError(pub String);

/// All that a step did, in order. The engine commits it whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct StepOutcome {
    /// Answers to the message.
    pub replies: Vec<Reply>,
    /// Messages to others.
    pub sends: Vec<SendTo>,
    /// Writes to the service's keys, in order.
    pub kv: Vec<KvWrite>,
    /// Who wants no messages of the account any more, or its messages again, in order.
    pub opt_outs: Vec<OptOutWrite>,
    /// Who gets the person's messages from now on, in order; only where the step began with a message.
    pub hand_overs: Vec<HandOverWrite>,
    /// Changes to the account's contacts and groups, in order.
    pub contacts: Vec<ContactWrite>,
    /// Measurements.
    pub metrics: Vec<Metric>,
    /// What the script logged.
    pub log: Vec<LogLine>,
    /// The calls to the outside, answered or refused.
    pub requests: Vec<RequestRecord>,
    /// What is needed to run the step again, if it was begun.
    pub recording: Option<Recording>,
    /// Why the step failed; its writes and replies are then dropped by the engine.
    pub error: Option<ServiceError>,
}

/// An answer to an inbound message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The text; `None` answers nothing but may end the session.
    pub content: Option<String>,
    /// The inbound message's id, as the script gave it.
    pub in_reply_to: String,
    /// Whether the session goes on.
    pub continue_session: bool,
    /// What the script noted.
    pub helper_metadata: Object,
}

/// The key of helper metadata that holds the buttons or the list a message can be answered by, for channels that can show
/// them; the text says it all for others.
///
/// ```json
/// {"kind": "list", "button": "Choose", "choices": [{"id": "a", "title": "Antenatal care", "description": "Mondays"}]}
/// ```
pub const QUICK_REPLIES: &str = "quick_replies";

/// A message to somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct SendTo {
    /// The text.
    pub content: Option<String>,
    /// Whom to, as the script wrote it.
    pub to: String,
    /// Who from, where that is not the channel's own address. A script cannot say so.
    pub from: Option<String>,
    /// Which way out: the endpoint's name, `default` or a channel of the account.
    pub endpoint: String,
    /// When it goes out, if that is not at once.
    pub send_at: Option<Timestamp>,
    /// What the script noted.
    pub helper_metadata: Object,
}

/// One write to a service's keys.
#[derive(Clone, Debug, PartialEq)]
pub enum KvWrite {
    /// Sets a key.
    Set {
        /// The key.
        key: String,
        /// Its value.
        value: Value,
        /// When it expires.
        expires_at: Option<Timestamp>,
    },
    /// Adds to a number; a missing key counts as zero.
    Increment {
        /// The key.
        key: String,
        /// How much is added.
        amount: i64,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: String,
    },
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Which store of metrics.
    pub store: String,
    /// Its name.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// `sum`, `avg`, `min`, `max` or `last`.
    pub agg: String,
}

/// A line the script logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `debug`, `info`, `warning`, `error` or `critical`.
    pub level: String,
    /// The text.
    pub message: String,
}

/// A call to the outside, for the record.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRecord {
    /// What was asked.
    pub request: HttpRequest,
    /// The status code of the answer, if one came.
    pub code: Option<u16>,
}

/// A service failed: what its author needs to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ServiceError {
    /// What went wrong, the exception's own words first.
    pub message: String,
    /// The author's source file, as named in the bundle.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}
