//! Reads what exists, with the numbers rows name it by.

use super::sql::{Db, SqlError};
use super::{Store, StoreError};
use crate::directory::{AccountPolicy, ChannelRecord, ServiceRecord, WebhookRecord};
use crate::service::Bundle;
use ngoma_message::Object;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The keys of an account's settings that hold its web hook and its policy.
pub(super) const WEBHOOK_SETTING: &str = "webhook";
pub(super) const POLICY_SETTING: &str = "policy";

/// Everything that exists, as rows.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) accounts: Vec<LoadedAccount>,
    pub(crate) channels: Vec<LoadedChannel>,
    pub(crate) services: Vec<LoadedService>,
    /// Of every account, in order.
    pub(crate) routes: Vec<LoadedRoute>,
}

/// An account's row.
#[derive(Debug)]
pub(crate) struct LoadedAccount {
    pub(crate) id: i64,
    pub(crate) code: String,
    pub(crate) webhook: Option<WebhookRecord>,
    pub(crate) policy: AccountPolicy,
}

/// A channel's row.
#[derive(Debug)]
pub(crate) struct LoadedChannel {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) name: String,
    pub(crate) record: ChannelRecord,
}

/// A service's row.
#[derive(Debug)]
pub(crate) struct LoadedService {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) name: String,
    pub(crate) record: ServiceRecord,
}

/// A route's row.
#[derive(Debug)]
pub(crate) struct LoadedRoute {
    pub(crate) channel: i64,
    pub(crate) address: Option<String>,
    pub(crate) keyword: Option<String>,
    pub(crate) service: i64,
}

impl Store {
    /// Everything that exists.
    pub(crate) async fn load_directory(&self) -> Result<Loaded, StoreError> {
        self.read_slow(|db| {
            Ok(Loaded {
                accounts: accounts(db)?,
                channels: channels(db)?,
                services: services(db)?,
                routes: routes(db)?,
            })
        })
        .await
    }

    /// The code of that hash.
    pub(crate) async fn bundle(&self, hash: &str) -> Result<Option<Bundle>, StoreError> {
        let hash = hash.to_owned();
        self.read_slow(move |db| {
            let found = db.first("SELECT id, main FROM bundle WHERE hash = ?1", &[(&hash).into()])?;
            let Some(found) = found else { return Ok(None) };
            let (id, main): (i64, String) = (found.get(0)?, found.get(1)?);
            let files: BTreeMap<String, Vec<u8>> = db
                .query("SELECT path, content FROM bundle_file WHERE bundle = ?1", &[id.into()])?
                .iter()
                .map(|row| Ok((row.get(0)?, row.get(1)?)))
                .collect::<Result<_, SqlError>>()?;
            Ok(Some(Bundle { hash, main, files }))
        })
        .await
    }
}

fn accounts(db: &mut dyn Db) -> Result<Vec<LoadedAccount>, SqlError> {
    db.query("SELECT id, code, settings FROM account", &[])?
        .iter()
        .map(|row| {
            let mut settings = stored_object(&row.get::<String>(2)?);
            let webhook = settings.remove(WEBHOOK_SETTING);
            let policy = settings.remove(POLICY_SETTING);
            Ok(LoadedAccount {
                id: row.get(0)?,
                code: row.get(1)?,
                webhook: webhook.and_then(|webhook| serde_json::from_value(webhook).ok()),
                policy: policy
                    .and_then(|policy| serde_json::from_value(policy).ok())
                    .unwrap_or_default(),
            })
        })
        .collect()
}

fn channels(db: &mut dyn Db) -> Result<Vec<LoadedChannel>, SqlError> {
    db.query(
        "SELECT id, account, name, type, address, country, config, policy FROM channel",
        &[],
    )?
    .iter()
    .map(|row| {
        Ok(LoadedChannel {
            id: row.get(0)?,
            account: row.get(1)?,
            name: row.get(2)?,
            record: ChannelRecord {
                channel_type: row.get(3)?,
                address: row.get(4)?,
                country: row.get(5)?,
                config: stored_object(&row.get::<String>(6)?),
                policy: serde_json::from_str(&row.get::<String>(7)?).unwrap_or_default(),
            },
        })
    })
    .collect()
}

fn services(db: &mut dyn Db) -> Result<Vec<LoadedService>, SqlError> {
    db.query(
        "SELECT v.id, v.account, v.name, v.kind, v.config, v.http_allow, b.hash, v.wants_events, v.version,
            v.helper_metadata
        FROM service AS v JOIN bundle AS b ON b.id = v.bundle",
        &[],
    )?
    .iter()
    .map(|row| {
        let (http_allow, helper_metadata): (Option<String>, Option<String>) = (row.get(5)?, row.get(9)?);
        Ok(LoadedService {
            id: row.get(0)?,
            account: row.get(1)?,
            name: row.get(2)?,
            record: ServiceRecord {
                kind: row.get(3)?,
                config: Arc::new(stored_object(&row.get::<String>(4)?)),
                // A list that cannot be read allows nothing rather than everything.
                http_allow: http_allow.map(|list| Arc::new(serde_json::from_str(&list).unwrap_or_default())),
                bundle_hash: row.get(6)?,
                wants_events: row.get(7)?,
                version: row.get(8)?,
                helper_metadata: helper_metadata.map(|keys| stored_keys(&keys)).unwrap_or_default(),
            },
        })
    })
    .collect()
}

fn routes(db: &mut dyn Db) -> Result<Vec<LoadedRoute>, SqlError> {
    db.query(
        "SELECT channel, address, keyword, service FROM route ORDER BY account, position",
        &[],
    )?
    .iter()
    .map(|row| {
        Ok(LoadedRoute {
            channel: row.get(0)?,
            address: row.get(1)?,
            keyword: row.get(2)?,
            service: row.get(3)?,
        })
    })
    .collect()
}

/// A list of keys as the store wrote it.
fn stored_keys(text: &str) -> Arc<Vec<String>> {
    Arc::new(serde_json::from_str(text).unwrap_or_default())
}

/// An object as the store wrote it.
pub(super) fn stored_object(text: &str) -> Object {
    serde_json::from_str(text).unwrap_or_default()
}
