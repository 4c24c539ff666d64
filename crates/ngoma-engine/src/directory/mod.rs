//! What exists: accounts, their channels, services and routes; declared in one document, applied as one change.

mod account_policy;
mod apply;
pub(crate) mod catalog;
mod check;
mod claims;
mod listeners;
mod policy;
mod service_kind;
mod webhook;

pub use account_policy::AccountPolicy;
pub use policy::{ChannelPolicy, PaceSetting};
pub use service_kind::ServiceKind;
pub use webhook::{Secret, Topic, WebhookRecord};

pub(crate) use apply::{Refresh, apply, load_service, refresh_services, try_out};
pub(crate) use catalog::{AccountEntry, Catalog, ChannelEntry, RoomLimits, ServiceEntry};
pub(crate) use listeners::Listeners;

use crate::service::Bundle;
use ngoma_message::Object;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accounts as declared, ready to be applied.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Accounts by code.
    pub accounts: BTreeMap<String, AccountDocument>,
}

/// One account as declared.
#[derive(Clone, Debug, Default)]
pub struct AccountDocument {
    /// Channels by name.
    pub channels: BTreeMap<String, ChannelRecord>,
    /// Services by name, with their code.
    pub services: BTreeMap<String, ServiceDocument>,
    /// The account's whole routing table, in order; `None` leaves it as it is.
    pub routes: Option<Vec<Route>>,
    /// The account's web hook; `None` leaves it as it is.
    pub webhook: Option<WebhookRecord>,
    /// The account's policy; `None` leaves it as it is.
    pub policy: Option<AccountPolicy>,
}

#[cfg(test)]
impl AccountDocument {
    /// An account whose channels, each of the type it is named by and with this address, lead to its service `main`.
    pub(crate) fn of_a_test(channels: &[(&str, &str)]) -> Self {
        let channel = |&(name, address): &(&str, &str)| {
            let record = ChannelRecord {
                channel_type: name.into(),
                address: Some(address.into()),
                ..ChannelRecord::default()
            };
            (name.to_owned(), record)
        };
        let service = ServiceDocument {
            kind: "script".into(),
            config: Object::new(),
            http_allow: None,
            helper_metadata: Vec::new(),
            wants_events: false,
            bundle: Bundle {
                hash: "one".into(),
                main: "main.js".into(),
                files: BTreeMap::from([("main.js".to_owned(), b"1".to_vec())]),
            },
        };
        let route = |&(name, _): &(&str, &str)| Route {
            channel: name.into(),
            service: "main".into(),
            ..Route::default()
        };
        Self {
            channels: channels.iter().map(channel).collect(),
            services: BTreeMap::from([("main".to_owned(), service)]),
            routes: Some(channels.iter().map(route).collect()),
            policy: None,
            webhook: None,
        }
    }
}

/// A service as declared.
#[derive(Clone, Debug)]
pub struct ServiceDocument {
    /// The word of its [`ServiceKind`].
    pub kind: String,
    /// Its settings.
    pub config: Object,
    /// The hosts its http resource may call; `None` allows every public one.
    pub http_allow: Option<Vec<String>>,
    /// The keys that it may set in the helper metadata of its messages.
    pub helper_metadata: Vec<String>,
    /// Whether it is told what became of its messages.
    pub wants_events: bool,
    /// Its code.
    pub bundle: Bundle,
}

/// A configured line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// The channel type's code.
    #[serde(rename = "type")]
    pub channel_type: String,
    /// A short code, a USSD code, a bot's name.
    #[serde(default)]
    pub address: Option<String>,
    /// The country of national numbers, as a two-letter code.
    #[serde(default)]
    pub country: Option<String>,
    /// The channel type's own settings.
    #[serde(default)]
    pub config: Object,
    /// How its messages are treated.
    #[serde(default)]
    pub policy: ChannelPolicy,
}

impl ChannelRecord {
    /// Whether a channel that runs by the other record runs on by this one: its policy is looked up when it is needed.
    pub(crate) fn runs_as(&self, other: &Self) -> bool {
        let Self {
            channel_type,
            address,
            country,
            config,
            policy,
        } = self;
        (channel_type, address, country, config, policy.window)
            == (
                &other.channel_type,
                &other.address,
                &other.country,
                &other.config,
                other.policy.window,
            )
    }
}

/// One line of a routing table: the first that matches takes the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Messages that come by this channel …
    pub channel: String,
    /// … to this address, if given …
    #[serde(default)]
    pub address: Option<String>,
    /// … whose first word is this keyword, if given (case does not matter) …
    #[serde(default)]
    pub keyword: Option<String>,
    /// … go to this service, whose messages to that endpoint go out by this channel.
    pub service: String,
}

/// What applying a document did: one line each, in the document's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was done to what.
    pub lines: Vec<ReportLine>,
}

/// What was done to one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    /// The kind and the full name: `channel demo/ussd`.
    pub what: String,
    /// What was done.
    pub change: Change,
}

/// What was done to something declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Created,
    /// It was there and differs now.
    Changed,
    /// It was there and is as declared.
    Left,
    /// It was there and is declared no more (routes only).
    Removed,
}

/// What exists at one moment, in memory.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Accounts by code.
    pub accounts: BTreeMap<String, Account>,
}

/// One account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Channels by name.
    pub channels: BTreeMap<String, ChannelRecord>,
    /// Services by name.
    pub services: BTreeMap<String, ServiceRecord>,
    /// The routing table, in order.
    pub routes: Vec<Route>,
    /// The web hook.
    pub webhook: Option<WebhookRecord>,
    /// How all its messages are treated.
    pub policy: AccountPolicy,
}

/// A deployed service; its code is in the store under its bundle's hash.
#[derive(Clone, Debug)]
pub struct ServiceRecord {
    /// The word of its [`ServiceKind`].
    pub kind: String,
    /// Its settings.
    pub config: Arc<Object>,
    /// The hosts its http resource may call; `None` allows every public one.
    pub http_allow: Option<Arc<Vec<String>>>,
    /// The keys that it may set in the helper metadata of its messages.
    pub helper_metadata: Arc<Vec<String>>,
    /// Whether it is told what became of its messages.
    pub wants_events: bool,
    /// Its bundle's hash.
    pub bundle_hash: String,
    /// The number of its code's version.
    pub version: i64,
}

/// Why a document was not applied; nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Something declared cannot be: `channel demo/ussd: config.deadline: …`.
    #[error("{0}")]
    Invalid(String),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}
