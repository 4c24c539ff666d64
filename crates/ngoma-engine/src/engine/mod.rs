//! The engine: opens the data folder, runs channels and services, moves messages between them.

mod door;
mod limits;
mod runtime;

pub use limits::Limits;
pub(crate) use runtime::Runtime;

use crate::channel::ChannelType;
use crate::clock::Clock;
use crate::directory::{self, ApplyError, Directory, Document, Refresh, Report};
use crate::record::{MessageRecord, SessionRecord, TraceLine};
use crate::service::{LogLine, ServiceRunner};
use crate::store::{OpenError, Store, StoreChoice, StoreError};
use crate::{channels, queue};
use ngoma_message::{Address, MessageId, Timestamp};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// What an engine is made of.
pub struct EngineOptions {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Runs services' code.
    pub runner: Arc<dyn ServiceRunner>,
    /// Every channel type there is.
    pub channel_types: Vec<Box<dyn ChannelType>>,
    /// What bounds the engine.
    pub limits: Limits,
    /// Which database holds the messages.
    pub store: StoreChoice,
}

impl EngineOptions {
    /// These parts within the default limits.
    pub fn new(
        clock: Arc<dyn Clock>,
        runner: Arc<dyn ServiceRunner>,
        channel_types: Vec<Box<dyn ChannelType>>,
    ) -> Self {
        Self {
            clock,
            runner,
            channel_types,
            limits: Limits::default(),
            store: StoreChoice::default(),
        }
    }
}

/// Moves messages.
pub struct Engine {
    runtime: Arc<Runtime>,
    applying: tokio::sync::Mutex<()>,
    is_started: AtomicBool,
    puller: Mutex<Option<JoinHandle<()>>>,
}

/// How many sessions or keys one transaction of maintenance takes.
const UPKEEP_AT_ONCE: usize = 500;
/// How long the store may take to show that it writes.
const READY_WITHIN: Duration = Duration::from_secs(2);

impl Engine {
    /// Opens a data folder (made when it is missing): takes the writer's lease, waits a while for a predecessor to let
    /// go of it, migrates, refuses the folder of a newer version.
    pub async fn open(data: &Path, options: EngineOptions) -> Result<Arc<Self>, OpenError> {
        let store = Store::open(data, options.limits.store(options.store.clone())).await?;
        let over = Self::over(store, options).await;
        over.map_err(|error| OpenError::Folder {
            folder: data.to_owned(),
            problem: error.to_string(),
        })
    }

    /// The engine of a store that is open.
    pub(crate) async fn over(store: Store, options: EngineOptions) -> Result<Arc<Self>, StoreError> {
        let runtime = Arc::new(Runtime::new(store, options));
        let catalog = runtime.read_catalog().await?;
        runtime.use_catalog(catalog);
        Ok(Arc::new(Self {
            runtime,
            applying: tokio::sync::Mutex::new(()),
            is_started: AtomicBool::new(false),
            puller: Mutex::new(None),
        }))
    }

    /// The running parts.
    #[cfg(test)]
    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Opens the channels, loads the services, resumes queued work.
    pub async fn start(self: &Arc<Self>) {
        let _applying = self.applying.lock().await;
        if self.is_started.swap(true, Ordering::SeqCst) {
            return;
        }
        let runtime = &self.runtime;
        let catalog = runtime.catalog();
        for service in catalog.services() {
            directory::load_service(runtime, service).await;
        }
        for channel in catalog.channels() {
            let name = format!("{}/{}", channel.account_code, channel.name);
            match runtime.open_channel(&channel.account_code, &channel.name, &channel.record) {
                Ok(opened) => runtime.run_channel(channel.account, channel.id, name, opened).await,
                Err(error) => tracing::error!(channel.name = name, %error, "a channel cannot be opened"),
            }
        }
        let puller = tokio::spawn(queue::pull_until_stopped(Arc::downgrade(runtime)));
        *self.puller.lock().unwrap_or_else(PoisonError::into_inner) = Some(puller);
    }

    /// Takes nothing new, lets running steps end, closes the channels and the store.
    pub async fn stop(&self) {
        let runtime = &self.runtime;
        runtime.begin_stopping();
        runtime.under_way.wait_for_none(runtime.limits.drain).await;
        runtime.host.close(runtime.limits.drain).await;
        for service in runtime.catalog().services() {
            runtime.runner.unload(&service.key).await;
        }
        runtime.store.close_aside().await;
    }

    /// Applies a document as one idempotent change, then refreshes what runs.
    pub async fn apply(&self, document: Document) -> Result<Report, ApplyError> {
        let _applying = self.applying.lock().await;
        let refresh = match self.is_started.load(Ordering::SeqCst) {
            true => Refresh::Running,
            false => Refresh::Nothing,
        };
        directory::apply(&self.runtime, document, refresh).await
    }

    /// What exists now.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.runtime.catalog().directory)
    }

    /// Serves `/c/{account}/{channel}` and what is below it: the running channel is looked up at every request.
    pub fn channel_routes(self: &Arc<Self>) -> axum::Router {
        channels::channel_routes(Arc::downgrade(&self.runtime))
    }

    /// Whether the store takes writes and has room; the reason when not.
    pub async fn ready(&self) -> Result<(), String> {
        let store = &self.runtime.store;
        match tokio::time::timeout(READY_WITHIN, store.ping()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("the store did not write within {} s", READY_WITHIN.as_secs())),
        }
        let disk = nix::sys::statvfs::statvfs(store.folder()).map_err(|error| format!("the disk: {error}"))?;
        let free = disk.blocks_available() * disk.fragment_size();
        let least = self.runtime.limits.free_disk;
        if free < least {
            return Err(format!(
                "{} MiB are free on the disk, fewer than {}",
                free >> 20,
                least >> 20
            ));
        }
        Ok(())
    }

    /// Looks at the queue now rather than when its next message is due: for a clock that was moved.
    pub fn look_for_due_work(&self) {
        self.runtime.look_for_due_work();
    }

    /// The latest messages of a person, both directions, newest last.
    pub async fn thread(
        &self,
        account: &str,
        address: &Address,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        self.runtime.store.thread(account, address, limit).await
    }

    /// Every step a message took, and those of the answers to it.
    pub async fn trace(&self, account: &str, message: &MessageId) -> Result<Vec<TraceLine>, StoreError> {
        self.runtime.store.trace(account, message).await
    }

    /// The latest session of a person on a channel.
    pub async fn latest_session(
        &self,
        account: &str,
        channel: &str,
        address: &Address,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.runtime.store.latest_session(account, channel, address).await
    }

    /// The latest lines of a service's log, newest last: what it logged and how it failed.
    pub async fn service_log(
        &self,
        account: &str,
        service: &str,
        limit: usize,
    ) -> Result<Vec<(Timestamp, LogLine)>, StoreError> {
        self.runtime.store.service_log(account, service, limit).await
    }

    /// A step of maintenance: closes sessions that have expired. Says how many; none are left when it says none.
    pub async fn expire_sessions(&self) -> Result<usize, StoreError> {
        let now = self.runtime.clock.now();
        self.runtime.store.expire_sessions(now, UPKEEP_AT_ONCE).await
    }

    /// A step of maintenance: removes services' keys that have expired. Says how many; none are left when it says none.
    pub async fn expire_keys(&self) -> Result<usize, StoreError> {
        let now = self.runtime.clock.now();
        self.runtime.store.expire_keys(now, UPKEEP_AT_ONCE).await
    }
}

impl Drop for Engine {
    /// Without `stop` everything ends where it stands, as if the process had died; the store keeps what it confirmed.
    fn drop(&mut self) {
        self.runtime.begin_stopping();
        self.runtime.host.forget();
        self.runtime.store.close();
        let puller = self.puller.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(puller) = puller {
            puller.abort();
        }
    }
}
