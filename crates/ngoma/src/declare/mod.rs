//! The file that declares accounts, channels, services and routes, and what it becomes.

mod bundle_wire;
mod file;

pub use bundle_wire::BundleWire;
pub use file::{read_carried, read_file, toml_problem};

use anyhow::{Result, bail};
use ngoma_engine::directory::{
    AccountDocument, AccountPolicy, ChannelPolicy, ChannelRecord, Document, Route, ServiceDocument, ServiceKind,
    WebhookRecord,
};
use ngoma_engine::service::Bundle;
use ngoma_message::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Stands, in a web hook's address and any text of a channel's or service's config, for the address this server listens on.
const LISTEN_MARK: &str = "{listen}";

/// A file as read, its services' code beside it. It travels to a running `serve` as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Declaration {
    /// The file's content.
    pub content: DeclaredAccounts,
    /// The code of each service, by `account/service`.
    pub bundles: BTreeMap<String, BundleWire>,
}

/// The file's content.
///
/// ```toml
/// [account.demo.channel.ussd]
/// type = "ussd_http"
/// address = "*120*8864#"
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredAccounts {
    #[serde(default)]
    account: BTreeMap<String, DeclaredAccount>,
}

/// `[account.NAME]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredAccount {
    #[serde(default)]
    channel: BTreeMap<String, DeclaredChannel>,
    #[serde(default)]
    service: BTreeMap<String, DeclaredService>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<Vec<DeclaredRoute>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<AccountPolicy>,
}

/// `[account.NAME.channel.NAME]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredChannel {
    r#type: String,
    address: Option<String>,
    country: Option<String>,
    #[serde(default)]
    config: Object,
    #[serde(default)]
    policy: ChannelPolicy,
}

/// `[account.NAME.service.NAME]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredService {
    kind: String,
    /// A file, or a folder with a package.json, found from the declaring file's folder; of a kind that has code.
    source: Option<String>,
    #[serde(default)]
    config: Object,
    /// The hosts the service may call; absent allows every public one.
    http_allow: Option<Vec<String>>,
    /// The keys that the service may set in the helper metadata of its messages.
    #[serde(default)]
    helper_metadata: Vec<String>,
    /// Whether the service is told what became of its messages.
    #[serde(default)]
    events: bool,
}

/// `[[account.NAME.route]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredRoute {
    channel: String,
    service: String,
    address: Option<String>,
    keyword: Option<String>,
}

impl DeclaredAccounts {
    /// The source of each service, by `account/service`.
    fn sources(&self) -> impl Iterator<Item = (String, &str)> {
        self.account.iter().flat_map(|(account, declared)| {
            declared.service.iter().filter_map(move |(service, declared)| {
                Some((format!("{account}/{service}"), declared.source.as_deref()?))
            })
        })
    }
}

impl Declaration {
    /// What the engine applies; `base_url` takes the place of `{listen}`.
    pub fn into_document(self, base_url: &str) -> Result<Document> {
        let mut bundles = self.bundles;
        let accounts = self.content.account.into_iter().map(|(name, declared)| {
            let document = declared.into_document(&name, &mut bundles, base_url)?;
            Ok((name, document))
        });
        Ok(Document {
            accounts: accounts.collect::<Result<_>>()?,
        })
    }
}

impl DeclaredAccount {
    fn into_document(
        self,
        account: &str,
        bundles: &mut BTreeMap<String, BundleWire>,
        base_url: &str,
    ) -> Result<AccountDocument> {
        let channels = self
            .channel
            .into_iter()
            .map(|(name, channel)| (name, channel.into_record(base_url)));
        let services = self.service.into_iter().map(|(name, service)| {
            let key = format!("{account}/{name}");
            let bundle = bundles.remove(&key).map(Bundle::try_from).transpose()?;
            Ok((name, service.into_document(&key, bundle, base_url)?))
        });
        Ok(AccountDocument {
            channels: channels.collect(),
            services: services.collect::<Result<_>>()?,
            routes: self.route.map(|routes| routes.into_iter().map(Route::from).collect()),
            webhook: self.webhook.map(|webhook| WebhookRecord {
                url: webhook.url.replace(LISTEN_MARK, base_url),
                ..webhook
            }),
            policy: self.policy,
        })
    }
}

impl DeclaredChannel {
    fn into_record(self, base_url: &str) -> ChannelRecord {
        ChannelRecord {
            channel_type: self.r#type,
            address: self.address,
            country: self.country,
            config: with_listen(self.config, base_url),
            policy: self.policy,
        }
    }
}

impl DeclaredService {
    fn into_document(self, key: &str, bundle: Option<Bundle>, base_url: &str) -> Result<ServiceDocument> {
        let has_code = ServiceKind::parse(&self.kind).is_none_or(ServiceKind::has_code);
        let bundle = match bundle {
            Some(_) if !has_code => bail!("service {key}: a service of kind {} has no source", self.kind),
            None if has_code => bail!("service {key}: it needs a source, the file or folder with its code"),
            bundle => bundle.unwrap_or_else(Bundle::none),
        };
        Ok(ServiceDocument {
            kind: self.kind,
            config: with_listen(self.config, base_url),
            http_allow: self.http_allow,
            helper_metadata: self.helper_metadata,
            wants_events: self.events,
            bundle,
        })
    }
}

impl From<DeclaredRoute> for Route {
    fn from(declared: DeclaredRoute) -> Self {
        Self {
            channel: declared.channel,
            address: declared.address,
            keyword: declared.keyword,
            service: declared.service,
        }
    }
}

fn with_listen(config: Object, base_url: &str) -> Object {
    config
        .into_iter()
        .map(|(key, value)| (key, replace_listen(value, base_url)))
        .collect()
}

fn replace_listen(value: Value, base_url: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(LISTEN_MARK, base_url)),
        Value::Array(values) => values
            .into_iter()
            .map(|value| replace_listen(value, base_url))
            .collect(),
        Value::Object(values) => Value::Object(with_listen(values, base_url)),
        other => other,
    }
}
