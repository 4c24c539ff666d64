//! Makes what exists be as a document declares, in one transaction.

use super::backend::OpError;
use super::directory::{POLICY_SETTING, WEBHOOK_SETTING, stored_object};
use super::follow_ups::forget_events;
use super::sql::{Db, SqlError, args};
use super::versions::add_version;
use super::{NO_ACCOUNT, Store, StoreError};
use crate::directory::{AccountDocument, Change, ChannelRecord, Document, Report, ReportLine, Route, ServiceDocument};
use crate::service::Bundle;
use ngoma_message::{Object, Timestamp};
use std::sync::Arc;

impl Store {
    /// Applies a document that was checked. What is as declared is left alone, so a second time changes nothing.
    pub(crate) async fn apply_document(&self, document: Arc<Document>, at: Timestamp) -> Result<Report, StoreError> {
        self.write(NO_ACCOUNT, move |db| {
            let mut report = Report::default();
            for (code, declared) in &document.accounts {
                apply_account(db, code, declared, at, &mut report)?;
            }
            Ok(report)
        })
        .await
    }
}

impl Report {
    fn add(&mut self, what: String, change: Change) {
        self.lines.push(ReportLine { what, change });
    }
}

fn apply_account(
    db: &mut dyn Db,
    code: &str,
    declared: &AccountDocument,
    at: Timestamp,
    report: &mut Report,
) -> Result<(), OpError> {
    let created = db.execute(
        "INSERT INTO account (code) VALUES (?1) ON CONFLICT DO NOTHING",
        &args![code],
    )?;
    let account = db.number("SELECT id FROM account WHERE code = ?1", &args![code])?;
    let change = if created == 1 { Change::Created } else { Change::Left };
    report.add(format!("account {code}"), change);
    for (name, channel) in &declared.channels {
        report.add(
            format!("channel {code}/{name}"),
            apply_channel(db, account, name, channel)?,
        );
    }
    for (name, service) in &declared.services {
        report.add(
            format!("service {code}/{name}"),
            apply_service(db, account, name, service, at)?,
        );
    }
    if let Some(webhook) = &declared.webhook {
        let change = apply_setting(db, account, WEBHOOK_SETTING, webhook)?;
        report.add(format!("webhook {code}"), change);
    }
    if let Some(policy) = &declared.policy {
        let change = apply_setting(db, account, POLICY_SETTING, policy)?;
        report.add(format!("policy {code}"), change);
    }
    if let Some(routes) = &declared.routes {
        apply_routes(db, account, code, routes, report)?;
    }
    Ok(())
}

fn apply_channel(db: &mut dyn Db, account: i64, name: &str, declared: &ChannelRecord) -> Result<Change, OpError> {
    let columns: (String, Option<String>, Option<String>, String, String) = (
        declared.channel_type.clone(),
        declared.address.clone(),
        declared.country.clone(),
        object_text(&declared.config),
        as_text(&declared.policy),
    );
    let held = db
        .first(
            "SELECT type, address, country, config, policy FROM channel WHERE account = ?1 AND name = ?2",
            &args![account, name],
        )?
        .map(|row| Ok::<_, SqlError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .transpose()?;
    let change = change_of(held.as_ref(), &columns);
    if change != Change::Left {
        let (channel_type, address, country, config, policy) = columns;
        db.execute(
            "INSERT INTO channel (account, name, type, address, country, config, policy)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (account, name) DO UPDATE SET type = excluded.type, address = excluded.address,
                country = excluded.country, config = excluded.config, policy = excluded.policy",
            &args![account, name, channel_type, &address, &country, config, policy],
        )?;
    }
    Ok(change)
}

/// Sets one of an account's settings; the others are left.
fn apply_setting(
    db: &mut dyn Db,
    account: i64,
    name: &str,
    declared: &impl serde::Serialize,
) -> Result<Change, OpError> {
    let held = db.first("SELECT settings FROM account WHERE id = ?1", &args![account])?;
    let mut settings = match held {
        Some(row) => stored_object(&row.get::<String>(0)?),
        None => Object::new(),
    };
    let declared = serde_json::to_value(declared).unwrap_or_default();
    let change = change_of(settings.get(name), &declared);
    if change != Change::Left {
        settings.insert(name.to_owned(), declared);
        db.execute(
            "UPDATE account SET settings = ?2 WHERE id = ?1",
            &args![account, object_text(&settings)],
        )?;
    }
    Ok(change)
}

fn apply_service(
    db: &mut dyn Db,
    account: i64,
    name: &str,
    declared: &ServiceDocument,
    at: Timestamp,
) -> Result<Change, OpError> {
    let http_allow = declared
        .http_allow
        .as_ref()
        .map(|hosts| serde_json::json!(hosts).to_string());
    let helper_metadata = (!declared.helper_metadata.is_empty()).then(|| as_text(&declared.helper_metadata));
    let columns: (String, String, Option<String>, i64, bool, Option<String>) = (
        declared.kind.clone(),
        object_text(&declared.config),
        http_allow,
        store_bundle(db, &declared.bundle)?,
        declared.wants_events,
        helper_metadata,
    );
    let held = db
        .first(
            "SELECT kind, config, http_allow, bundle, wants_events, helper_metadata FROM service
            WHERE account = ?1 AND name = ?2",
            &args![account, name],
        )?
        .map(|row| {
            let columns = (
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            );
            Ok::<_, SqlError>(columns)
        })
        .transpose()?;
    let change = change_of(held.as_ref(), &columns);
    let held_bundle = held.map(|held| held.3);
    if change != Change::Left {
        let (kind, config, http_allow, bundle, wants_events, helper_metadata) = columns;
        db.execute(
            "INSERT INTO service (account, name, kind, config, http_allow, bundle, wants_events, helper_metadata)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (account, name) DO UPDATE SET kind = excluded.kind, config = excluded.config,
                http_allow = excluded.http_allow, bundle = excluded.bundle, wants_events = excluded.wants_events,
                helper_metadata = excluded.helper_metadata",
            &args![
                account,
                name,
                kind,
                config,
                &http_allow,
                bundle,
                wants_events,
                &helper_metadata
            ],
        )?;
        if !wants_events {
            forget_events(db, account, name)?;
        }
        if held_bundle != Some(bundle) {
            deploy(db, account, name, bundle, at, None)?;
        }
    }
    Ok(change)
}

/// Makes stored code the present version of a service.
pub(super) fn deploy(
    db: &mut dyn Db,
    account: i64,
    name: &str,
    bundle: i64,
    at: Timestamp,
    note: Option<&str>,
) -> Result<i64, OpError> {
    let service = db.number(
        "SELECT id FROM service WHERE account = ?1 AND name = ?2",
        &args![account, name],
    )?;
    let version = add_version(db, account, service, bundle, at, note)?;
    db.execute(
        "UPDATE service SET bundle = ?3, version = ?4 WHERE account = ?1 AND id = ?2",
        &args![account, service, bundle, version],
    )?;
    Ok(version)
}

/// Stores code under its hash, once.
pub(super) fn store_bundle(db: &mut dyn Db, bundle: &Bundle) -> Result<i64, OpError> {
    let held = db.first("SELECT id FROM bundle WHERE hash = ?1", &args![&bundle.hash])?;
    if let Some(held) = held {
        return Ok(held.get(0)?);
    }
    let id = db.number(
        "INSERT INTO bundle (hash, main) VALUES (?1, ?2) RETURNING id",
        &args![&bundle.hash, &bundle.main],
    )?;
    for (path, content) in &bundle.files {
        db.execute(
            "INSERT INTO bundle_file (bundle, path, content) VALUES (?1, ?2, ?3)",
            &args![id, path, content.as_slice()],
        )?;
    }
    Ok(id)
}

/// Replaces an account's routing table. A route that stays, in its order among those that stay, is left.
fn apply_routes(
    db: &mut dyn Db,
    account: i64,
    code: &str,
    declared: &[Route],
    report: &mut Report,
) -> Result<(), OpError> {
    let held = held_routes(db, account)?;
    let kept_before: Vec<&Route> = held.iter().filter(|route| declared.contains(route)).collect();
    let mut kept_now = 0;
    for route in declared {
        let change = match held.contains(route) {
            false => Change::Created,
            true => {
                kept_now += 1;
                let same = kept_before.get(kept_now - 1) == Some(&route);
                if same { Change::Left } else { Change::Changed }
            }
        };
        report.add(route_name(code, route), change);
    }
    for route in held.iter().filter(|route| !declared.contains(route)) {
        report.add(route_name(code, route), Change::Removed);
    }
    if held == declared {
        return Ok(());
    }
    db.execute("DELETE FROM route WHERE account = ?1", &args![account])?;
    for (position, route) in declared.iter().enumerate() {
        db.execute(
            "INSERT INTO route (account, position, channel, address, keyword, service) VALUES (?1, ?2,
                (SELECT id FROM channel WHERE account = ?1 AND name = ?3), ?4, ?5,
                (SELECT id FROM service WHERE account = ?1 AND name = ?6))",
            &args![
                account,
                position,
                &route.channel,
                &route.address,
                &route.keyword,
                &route.service,
            ],
        )?;
    }
    Ok(())
}

fn held_routes(db: &mut dyn Db, account: i64) -> Result<Vec<Route>, SqlError> {
    db.query(
        "SELECT c.name, r.address, r.keyword, v.name FROM route AS r
        JOIN channel AS c ON c.id = r.channel JOIN service AS v ON v.id = r.service
        WHERE r.account = ?1 ORDER BY r.position",
        &args![account],
    )?
    .iter()
    .map(|row| {
        Ok(Route {
            channel: row.get(0)?,
            address: row.get(1)?,
            keyword: row.get(2)?,
            service: row.get(3)?,
        })
    })
    .collect()
}

/// `route demo: ussd to clinic for keyword JOIN`.
fn route_name(code: &str, route: &Route) -> String {
    let mut name = format!("route {code}: {} to {}", route.channel, route.service);
    if let Some(address) = &route.address {
        name.push_str(&format!(" at {address}"));
    }
    if let Some(keyword) = &route.keyword {
        name.push_str(&format!(" for keyword {keyword}"));
    }
    name
}

fn change_of<T: PartialEq>(held: Option<&T>, declared: &T) -> Change {
    match held {
        None => Change::Created,
        Some(held) if held == declared => Change::Left,
        Some(_) => Change::Changed,
    }
}

/// A value as JSON text; settings have no form that JSON lacks.
fn as_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn object_text(object: &Object) -> String {
    serde_json::Value::Object(object.clone()).to_string()
}
