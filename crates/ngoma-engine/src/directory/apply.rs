//! Applies a document: checked whole, stored in one transaction, and then what runs is refreshed.

use super::{ApplyError, ChannelRecord, Document, Report, ServiceEntry, check};
use crate::channels::Opened;
use crate::engine::Runtime;
use crate::service::LogLine;
use std::collections::HashMap;
use std::sync::Arc;

/// Whether the engine runs its channels and services yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// It does: they follow the change.
    Running,
    /// It does not: they are read when it starts.
    Nothing,
}

/// Applies a document as one change. One at a time: the caller sees to that.
pub(crate) async fn apply(runtime: &Arc<Runtime>, document: Document, refresh: Refresh) -> Result<Report, ApplyError> {
    let before = runtime.catalog();
    check::check(&document, &before.directory)?;
    let opened = open_changed(runtime, &document)?;
    let report = runtime.store.apply_document(Arc::new(document)).await?;
    runtime.refresh_catalog().await?;
    if refresh == Refresh::Running {
        load_changed(runtime, &before).await;
        for (channel, opened) in opened {
            let catalog = runtime.catalog();
            if let Some(entry) = catalog.channel_named(&channel.account, &channel.name) {
                let name = format!("{}/{}", channel.account, channel.name);
                runtime.run_channel(entry.id, name, opened).await;
            }
        }
    }
    Ok(report)
}

struct ChannelName {
    account: String,
    name: String,
}

/// Opens the channels that are new or differ, which checks them.
fn open_changed(runtime: &Arc<Runtime>, document: &Document) -> Result<Vec<(ChannelName, Opened)>, ApplyError> {
    let catalog = runtime.catalog();
    let mut opened = Vec::new();
    for (account, declared) in &document.accounts {
        for (name, record) in &declared.channels {
            let held = catalog.channel_named(account, name);
            if held.is_some_and(|held| held.record == *record && runtime.host.get(held.id).is_some()) {
                continue;
            }
            opened.push(open(runtime, account, name, record)?);
        }
    }
    Ok(opened)
}

fn open(
    runtime: &Arc<Runtime>,
    account: &str,
    name: &str,
    record: &ChannelRecord,
) -> Result<(ChannelName, Opened), ApplyError> {
    let opened = runtime
        .open_channel(account, name, record)
        .map_err(|problem| ApplyError::Invalid(format!("channel {account}/{name}: {problem}")))?;
    let name = ChannelName {
        account: account.to_owned(),
        name: name.to_owned(),
    };
    Ok((name, opened))
}

/// Loads the services whose code is new. A session goes on with the newest code.
async fn load_changed(runtime: &Runtime, before: &super::Catalog) {
    let held: HashMap<i64, &str> = before
        .services()
        .map(|service| (service.id, service.bundle_hash.as_str()))
        .collect();
    for service in runtime.catalog().services() {
        if held.get(&service.id) != Some(&service.bundle_hash.as_str()) {
            load_service(runtime, service).await;
        }
    }
}

/// Loads a service. A failure is told in its log: its steps will fail with the same words.
pub(crate) async fn load_service(runtime: &Runtime, service: &ServiceEntry) {
    let name = format!("{}/{}", service.key.account, service.key.service);
    let failure = match runtime.store.bundle(&service.bundle_hash).await {
        Ok(Some(bundle)) => match runtime.runner.load(&service.key, Arc::new(bundle)).await {
            Ok(()) => return,
            Err(error) => match (&error.file, error.line) {
                (Some(file), Some(line)) => format!("{error} ({file} line {line})"),
                _ => error.to_string(),
            },
        },
        Ok(None) => "its code is not in the store".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::error!(service.name = name, reason = failure, "a service cannot be loaded");
    let line = LogLine {
        level: "error".into(),
        message: format!("cannot be loaded: {failure}"),
    };
    let logged = runtime
        .store
        .log_service(service.id, vec![line], runtime.clock.now())
        .await;
    if let Err(error) = logged {
        tracing::warn!(service.name = name, %error, "a service's log line was not stored");
    }
}
