//! The versions of services' code: deployed, listed, brought back; and the steps they took.

use super::Engine;
use crate::directory::{self, ApplyError, Refresh, ServiceEntry};
use crate::record::{StepRecord, VersionRecord};
use crate::service::Bundle;
use crate::store::{ServiceVersion, StoreError};
use crate::versions;
use ngoma_message::MessageId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Engine {
    /// Makes code the present version of a service that exists; its number. What it already is stays as it is. Open
    /// sessions go on with the version they began with.
    pub async fn deploy(
        &self,
        account: &str,
        service: &str,
        bundle: Bundle,
        note: Option<String>,
    ) -> Result<i64, ApplyError> {
        let _applying = self.applying.lock().await;
        let held = self.script(account, service)?;
        if held.bundle_hash == bundle.hash {
            return Ok(held.key.version);
        }
        directory::try_out(&self.runtime, account, service, &bundle).await?;
        let at = self.runtime.clock.now();
        let version = self
            .runtime
            .store
            .deploy(held.account, service.to_owned(), bundle, note, at)
            .await?;
        directory::refresh_services(&self.runtime, self.refresh()).await?;
        Ok(version)
    }

    /// Makes the code of an earlier version the present one again: of the version of this number, or of the one before
    /// the present. Gives the number it was taken from and the new one.
    pub async fn roll_back(&self, account: &str, service: &str, to: Option<i64>) -> Result<(i64, i64), ApplyError> {
        let _applying = self.applying.lock().await;
        let held = self.script(account, service)?;
        let versions = self
            .runtime
            .store
            .versions(held.account, held.id, VERSIONS_SHOWN)
            .await?;
        let wanted = match to {
            Some(to) => versions.iter().find(|version| version.version == to),
            // Behind what was brought back lies what it was brought back from: that is no way back.
            None => versions.iter().find(|version| version.hash != held.bundle_hash),
        };
        let none = || match to {
            Some(to) => format!("service {account}/{service} has no version {to} among its latest {VERSIONS_SHOWN}"),
            None => format!("service {account}/{service} has no other version to go back to"),
        };
        let wanted = wanted.ok_or_else(|| ApplyError::Invalid(none()))?;
        let of = ServiceVersion {
            account: held.account,
            service: held.id,
            version: wanted.version,
        };
        let note = format!("the code of version {}", wanted.version);
        let at = self.runtime.clock.now();
        let brought = self.runtime.store.bring_back(of, note, at).await?;
        let version = brought.ok_or_else(|| ApplyError::Invalid(none()))?;
        directory::refresh_services(&self.runtime, self.refresh()).await?;
        Ok((wanted.version, version))
    }

    /// The versions of a service, the latest first; nothing where there is no such service.
    pub async fn versions(&self, account: &str, service: &str) -> Result<Option<Vec<VersionRecord>>, StoreError> {
        let Some(held) = self.service(account, service) else {
            return Ok(None);
        };
        let versions = self.runtime.store.versions(held.account, held.id, VERSIONS_SHOWN);
        versions.await.map(Some)
    }

    /// The steps that were about a message and are still kept, the earliest first.
    pub async fn step_records(&self, account: &str, message: &MessageId) -> Result<Vec<StepRecord>, StoreError> {
        self.runtime.store.step_records(account, message).await
    }

    /// A step of maintenance: frees what earlier versions of services hold that no open session stays with.
    pub async fn unload_earlier_versions(&self) -> Result<usize, StoreError> {
        versions::unload_unused(&self.runtime).await
    }

    pub(super) fn refresh(&self) -> Refresh {
        match self.is_started.load(Ordering::SeqCst) {
            true => Refresh::Running,
            false => Refresh::Nothing,
        }
    }

    fn service(&self, account: &str, service: &str) -> Option<Arc<ServiceEntry>> {
        let catalog = self.runtime.catalog();
        let is_it = |entry: &&Arc<ServiceEntry>| entry.key.account == account && entry.key.service == service;
        catalog.services().find(is_it).cloned()
    }

    /// A service with code of its own.
    fn script(&self, account: &str, service: &str) -> Result<Arc<ServiceEntry>, ApplyError> {
        let missing = || format!("there is no service {account}/{service}; declare it with `ngoma apply`");
        let held = self
            .service(account, service)
            .ok_or_else(|| ApplyError::Invalid(missing()))?;
        match held.kind.has_code() {
            true => Ok(held),
            false => Err(ApplyError::Invalid(format!(
                "service {account}/{service} has no code of its own"
            ))),
        }
    }
}

/// How many versions are shown, and may be gone back to.
const VERSIONS_SHOWN: usize = 100;
