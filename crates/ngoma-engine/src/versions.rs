//! The versions of services that are loaded here: the present one of each, and an earlier one while a session stays with it.

use crate::directory::ServiceEntry;
use crate::engine::Runtime;
use crate::service::{ServiceError, ServiceKey, StepInput, StepOutcome};
use crate::store::{NewStepRecord, ServiceVersion, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The earlier versions that are loaded, or being loaded.
#[derive(Default)]
pub(crate) struct EarlierVersions(Mutex<HashMap<ServiceVersion, Earlier>>);

#[derive(Clone)]
struct Earlier {
    key: ServiceKey,
    loaded: Arc<OnceCell<()>>,
}

impl EarlierVersions {
    fn held(&self) -> MutexGuard<'_, HashMap<ServiceVersion, Earlier>> {
        // A panic elsewhere cannot leave a map half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a version that is loaded and is the present one no more.
    pub(crate) fn note(&self, service: &ServiceEntry) {
        let earlier = Earlier {
            key: service.key.clone(),
            loaded: Arc::new(OnceCell::new_with(Some(()))),
        };
        self.held().insert(of(service, service.key.version), earlier);
    }

    fn find(&self, service: &ServiceEntry, version: i64) -> Earlier {
        let new = || Earlier {
            key: service.key.in_version(version),
            loaded: Arc::default(),
        };
        self.held().entry(of(service, version)).or_insert_with(new).clone()
    }
}

fn of(service: &ServiceEntry, version: i64) -> ServiceVersion {
    ServiceVersion {
        account: service.account,
        service: service.id,
        version,
    }
}

/// The key under which this version of a service is loaded, once it is.
pub(crate) async fn loaded(
    runtime: &Runtime,
    service: &ServiceEntry,
    version: i64,
) -> Result<ServiceKey, LoadVersionError> {
    if version == service.key.version {
        return Ok(service.key.clone());
    }
    let earlier = runtime.earlier_versions.find(service, version);
    let loading = || load(runtime, of(service, version), &earlier.key);
    earlier.loaded.get_or_try_init(loading).await?;
    Ok(earlier.key)
}

async fn load(runtime: &Runtime, of: ServiceVersion, key: &ServiceKey) -> Result<(), LoadVersionError> {
    let hash = runtime.persist(|| runtime.store.version_hash(of)).await?;
    let hash = hash.ok_or(LoadVersionError::Missing)?;
    let bundle = runtime.persist(|| runtime.store.bundle(&hash)).await?;
    let bundle = bundle.ok_or(LoadVersionError::Missing)?;
    Ok(runtime.runner.load(key, Arc::new(bundle)).await?)
}

/// Why an earlier version cannot be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadVersionError {
    #[error("it is not in the store")]
    Missing,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Frees what earlier versions hold that no session stays with. Says how many.
pub(crate) async fn unload_unused(runtime: &Runtime) -> Result<usize, StoreError> {
    let held: Vec<ServiceVersion> = runtime.earlier_versions.held().keys().copied().collect();
    if held.is_empty() {
        return Ok(0);
    }
    let used = runtime.store.versions_in_use(held.clone()).await?;
    let mut unloaded = 0;
    for unused in held.iter().filter(|version| !used.contains(version)) {
        let earlier = runtime.earlier_versions.held().remove(unused);
        if let Some(earlier) = earlier {
            runtime.runner.unload(&earlier.key).await;
            unloaded += 1;
        }
    }
    Ok(unloaded)
}

/// A step as it is kept, if any are.
pub(crate) fn recorded(
    runtime: &Runtime,
    (service, version): (i64, i64),
    input: &StepInput,
    outcome: &StepOutcome,
) -> Option<NewStepRecord> {
    if runtime.limits.step_record_days == 0 {
        return None;
    }
    let failure = outcome.error.as_ref().map(crate::inbound::failure_text);
    let recording = outcome.recording.as_ref()?;
    NewStepRecord::new((service, version), input, recording, failure.as_deref())
}
