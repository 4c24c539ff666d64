//! The versions of services' code: each is kept as it was, and a session goes on with the one it began with.

use super::apply::{deploy, store_bundle};
use super::backend::OpError;
use super::sql::{Db, args};
use super::{Store, StoreError};
use crate::record::VersionRecord;
use crate::service::Bundle;
use ngoma_message::Timestamp;
use std::collections::HashSet;

/// The first version of a service.
pub(super) const FIRST_VERSION: i64 = 1;

/// A service by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServiceVersion {
    pub(crate) account: i64,
    pub(crate) service: i64,
    pub(crate) version: i64,
}

impl Store {
    /// The versions of a service, the latest first.
    pub(crate) async fn versions(
        &self,
        account: i64,
        service: i64,
        limit: usize,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        self.read_slow(move |db| {
            let rows = db.query(
                "SELECT n.version, b.hash, n.at, n.note, (
                    SELECT COUNT(*) FROM session AS s
                    WHERE s.account = n.account AND s.service = n.service AND s.version = n.version AND s.is_open = 1
                ) FROM service_version AS n JOIN bundle AS b ON b.id = n.bundle
                WHERE n.account = ?1 AND n.service = ?2 ORDER BY n.version DESC LIMIT ?3",
                &args![account, service, limit],
            )?;
            rows.iter()
                .map(|row| {
                    Ok(VersionRecord {
                        version: row.get(0)?,
                        hash: row.get(1)?,
                        at: row.get(2)?,
                        note: row.get(3)?,
                        open_sessions: row.get(4)?,
                    })
                })
                .collect()
        })
        .await
    }

    /// The hash of a version's code.
    pub(crate) async fn version_hash(&self, of: ServiceVersion) -> Result<Option<String>, StoreError> {
        self.read_slow(move |db| {
            db.first(
                "SELECT b.hash FROM service_version AS n JOIN bundle AS b ON b.id = n.bundle
                WHERE n.account = ?1 AND n.service = ?2 AND n.version = ?3",
                &args![of.account, of.service, of.version],
            )?
            .map(|row| row.get(0))
            .transpose()
        })
        .await
    }

    /// Makes code the present version of a service; its number.
    pub(crate) async fn deploy(
        &self,
        account: i64,
        service: String,
        bundle: Bundle,
        note: Option<String>,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        self.write(account, move |db| {
            let bundle = store_bundle(db, &bundle)?;
            deploy(db, account, &service, bundle, at, note.as_deref())
        })
        .await
    }

    /// Makes the code of an earlier version the present one, as a version of its own; its number. Nothing where there is
    /// no such version.
    pub(crate) async fn bring_back(
        &self,
        of: ServiceVersion,
        note: String,
        at: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        self.write(of.account, move |db| {
            let held = db.first(
                "SELECT bundle FROM service_version WHERE account = ?1 AND service = ?2 AND version = ?3",
                &args![of.account, of.service, of.version],
            )?;
            let Some(held) = held else { return Ok(None) };
            let bundle = held.get(0)?;
            let version = add_version(db, of.account, of.service, bundle, at, Some(&note))?;
            db.execute(
                "UPDATE service SET bundle = ?3, version = ?4 WHERE account = ?1 AND id = ?2",
                &args![of.account, of.service, bundle, version],
            )?;
            Ok(Some(version))
        })
        .await
    }

    /// Which of these versions an open session began with.
    pub(crate) async fn versions_in_use(
        &self,
        among: Vec<ServiceVersion>,
    ) -> Result<HashSet<ServiceVersion>, StoreError> {
        self.read_slow(move |db| {
            let mut used = HashSet::new();
            for of in among {
                let held = db.first(
                    "SELECT 1 FROM session WHERE account = ?1 AND is_open = 1 AND service = ?2 AND version = ?3 LIMIT 1",
                    &args![of.account, of.service, of.version],
                )?;
                if held.is_some() {
                    used.insert(of);
                }
            }
            Ok(used)
        })
        .await
    }
}

/// Adds a version with this code; its number.
pub(super) fn add_version(
    db: &mut dyn Db,
    account: i64,
    service: i64,
    bundle: i64,
    at: Timestamp,
    note: Option<&str>,
) -> Result<i64, OpError> {
    let latest: Option<i64> = db
        .first(
            "SELECT MAX(version) FROM service_version WHERE account = ?1 AND service = ?2",
            &args![account, service],
        )?
        .map(|row| row.get::<Option<i64>>(0))
        .transpose()?
        .flatten();
    let version = latest.map_or(FIRST_VERSION, |latest| latest + 1);
    db.execute(
        "INSERT INTO service_version (account, service, version, bundle, at, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &args![account, service, version, bundle, at, note.map(str::to_owned)],
    )?;
    Ok(version)
}
