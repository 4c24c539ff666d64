//! Applies a document: checked whole, stored in one transaction, and then what runs is refreshed.

use super::{ApplyError, Catalog, ChannelRecord, Document, Report, ServiceEntry, ServiceKind, check, claims};
use crate::channels::Opened;
use crate::engine::Runtime;
use crate::service::{Bundle, LogLine, ServiceError};
use std::collections::HashSet;
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
pub(crate) async fn apply(
    runtime: &Arc<Runtime>,
    mut document: Document,
    refresh: Refresh,
) -> Result<Report, ApplyError> {
    let before = runtime.catalog();
    complete(&mut document);
    check::check(&document, &before.directory)?;
    claims::check(&runtime.types, &document, &before.directory)?;
    let opened = open_changed(runtime, &document)?;
    try_new_code(runtime, &document, &before).await?;
    let report = runtime
        .store
        .apply_document(Arc::new(document), runtime.clock.now())
        .await?;
    let catalog = runtime.read_catalog().await?;
    if refresh == Refresh::Running {
        // Before anybody is routed to them.
        load_changed(runtime, &before, &catalog).await;
    }
    runtime.use_catalog(catalog);
    if refresh == Refresh::Running {
        for (channel, opened) in opened {
            let catalog = runtime.catalog();
            if let Some(entry) = catalog.channel_named(&channel.account, &channel.name) {
                let name = format!("{}/{}", channel.account, channel.name);
                runtime.run_channel(entry.account, entry.id, name, opened).await;
            }
        }
        // After the channels: an application may send at once.
        runtime.bridges.follow(runtime, &runtime.catalog()).await;
        // A channel that was paused may go on.
        runtime.look_for_due_work();
        runtime.look_for_follow_ups();
    }
    Ok(report)
}

/// What goes without saying: an application beside the engine is told what became of its messages.
fn complete(document: &mut Document) {
    let accounts = document.accounts.values_mut();
    for service in accounts.flat_map(|account| account.services.values_mut()) {
        service.wants_events |= !has_code(&service.kind);
    }
}

fn has_code(kind: &str) -> bool {
    ServiceKind::parse(kind).is_none_or(ServiceKind::has_code)
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
            if held.is_some_and(|held| held.record.runs_as(record) && runtime.host.get(held.id).is_some()) {
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

/// Tries out code that is new, so that code which cannot be loaded is refused before anything is stored.
async fn try_new_code(runtime: &Runtime, document: &Document, before: &super::Catalog) -> Result<(), ApplyError> {
    let held: HashSet<&str> = before.services().map(|service| service.bundle_hash.as_str()).collect();
    for (account, declared) in &document.accounts {
        for (name, service) in &declared.services {
            if held.contains(service.bundle.hash.as_str()) || !has_code(&service.kind) {
                continue;
            }
            try_out(runtime, account, name, &service.bundle).await?;
        }
    }
    Ok(())
}

/// Tries out code for a service.
pub(crate) async fn try_out(runtime: &Runtime, account: &str, name: &str, bundle: &Bundle) -> Result<(), ApplyError> {
    let tried = runtime.runner.try_out(Arc::new(bundle.clone())).await;
    tried.map_err(|error| ApplyError::Invalid(format!("service {account}/{name}: {}", with_place(&error))))
}

/// Reads what exists after a service's code was changed, and loads it.
pub(crate) async fn refresh_services(runtime: &Runtime, refresh: Refresh) -> Result<(), ApplyError> {
    let before = runtime.catalog();
    let catalog = runtime.read_catalog().await?;
    if refresh == Refresh::Running {
        load_changed(runtime, &before, &catalog).await;
    }
    runtime.use_catalog(catalog);
    Ok(())
}

/// `SyntaxError: Unexpected token (main.ts line 2)`.
fn with_place(error: &ServiceError) -> String {
    match (&error.file, error.line) {
        (Some(file), Some(line)) => format!("{error} ({file} line {line})"),
        _ => error.to_string(),
    }
}

/// Loads the services whose code is new. What they had before stays loaded while a session stays with it.
async fn load_changed(runtime: &Runtime, before: &Catalog, now: &Catalog) {
    for service in now.services() {
        let held = before.service(service.id);
        if held.is_some_and(|held| held.key.version == service.key.version) {
            continue;
        }
        load_service(runtime, service).await;
        if let Some(held) = held.filter(|held| held.kind.has_code()) {
            runtime.earlier_versions.note(held);
        }
    }
}

/// Loads a service. A failure is told in its log: its steps will fail with the same words.
pub(crate) async fn load_service(runtime: &Runtime, service: &ServiceEntry) {
    if !service.kind.has_code() {
        return;
    }
    let name = format!("{}/{}", service.key.account, service.key.service);
    let failure = match runtime.store.bundle(&service.bundle_hash).await {
        Ok(Some(bundle)) => match runtime.runner.load(&service.key, Arc::new(bundle)).await {
            Ok(()) => return,
            Err(error) => with_place(&error),
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
        .log_service(service.account, service.id, vec![line], runtime.clock.now())
        .await;
    if let Err(error) = logged {
        tracing::warn!(service.name = name, %error, "a service's log line was not stored");
    }
}
