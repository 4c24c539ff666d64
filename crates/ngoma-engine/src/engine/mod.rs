//! The engine: opens the data folder, runs channels and services, moves messages between them.

mod dead_letters;
mod door;
mod expiry;
mod hand_overs;
mod lease;
mod limits;
mod opt_outs;
mod queue_parts;
mod readiness;
mod runtime;
mod versions;

pub use limits::Limits;
pub use queue_parts::QueueDepth;
pub use readiness::Readiness;
pub(crate) use runtime::Runtime;
use runtime::RuntimeParts;

use crate::channel::ChannelType;
use crate::clock::Clock;
use crate::directory::{self, ApplyError, Directory, Document, Report};
use crate::metrics::{self, Metrics};
use crate::queue::QueueChoice;
use crate::record::{MessageRecord, SessionRecord, TraceLine, WorkerRecord};
use crate::service::{LogLine, ServiceRunner};
use crate::spool::{self, Spool, SpoolStatus};
use crate::store::{OpenError, Store, StoreChoice, StoreError};
use crate::{channels, inbound, outbound, queue, receipts};
use lease::WorkerLease;
use ngoma_message::{Address, MessageId, Timestamp};
use queue_parts::{Brokered, QueueParts};
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
    /// Which queue hands out the work.
    pub queue: QueueChoice,
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
            queue: QueueChoice::default(),
        }
    }
}

/// Moves messages.
pub struct Engine {
    runtime: Arc<Runtime>,
    applying: tokio::sync::Mutex<()>,
    is_started: AtomicBool,
    brokered: Option<Arc<Brokered>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// How many sessions or keys one transaction of maintenance takes.
const UPKEEP_AT_ONCE: usize = 500;
/// How long the store may take to note that this process ends.
const RETIRE_WITHIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Opens a data folder (made when it is missing): takes the writer's lease, waits a while for a predecessor to let
    /// go of it, migrates, refuses the folder of a newer version.
    pub async fn open(data: &Path, options: EngineOptions) -> Result<Arc<Self>, OpenError> {
        let opening = options.clock.monotonic();
        let metrics = Arc::<Metrics>::default();
        let of_store = options.limits.store(options.store.clone(), Arc::clone(&metrics));
        let store = Store::open(data, of_store).await?;
        let spool = match options.store {
            StoreChoice::Sqlite => None,
            StoreChoice::Postgres(_) => Some(Spool::open(data, options.limits.spool())?),
        };
        let lease = WorkerLease::new(&store, opening, Arc::clone(&options.clock), options.limits.worker_lease);
        let queue = QueueParts::open(&options, &store)?;
        let parts = RuntimeParts {
            store,
            spool,
            lease,
            queue: Arc::clone(&queue.queue),
            due_work: queue.wake.clone(),
            metrics,
        };
        let over = Self::over(parts, queue.brokered, options).await;
        over.map_err(|error| OpenError::Folder {
            folder: data.to_owned(),
            problem: error.to_string(),
        })
    }

    /// The engine of a store on a model of a disk, over this queue, which has this to wake its taker with.
    #[cfg(all(test, feature = "faults"))]
    pub(crate) async fn on_model(
        store: Store,
        spool: Option<Arc<Spool>>,
        queue: Arc<dyn queue::Queue>,
        due_work: Arc<tokio::sync::Notify>,
        options: EngineOptions,
    ) -> Result<Arc<Self>, StoreError> {
        let opening = options.clock.monotonic();
        let parts = RuntimeParts {
            lease: WorkerLease::new(&store, opening, Arc::clone(&options.clock), options.limits.worker_lease),
            store,
            spool,
            queue,
            due_work,
            metrics: Arc::default(),
        };
        Self::over(parts, None, options).await
    }

    /// The engine of a store that is open.
    async fn over(
        parts: RuntimeParts,
        brokered: Option<Arc<Brokered>>,
        options: EngineOptions,
    ) -> Result<Arc<Self>, StoreError> {
        let runtime = Arc::new(Runtime::new(parts, options));
        let catalog = runtime.read_catalog().await?;
        runtime.use_catalog(catalog);
        Ok(Arc::new(Self {
            runtime,
            applying: tokio::sync::Mutex::new(()),
            is_started: AtomicBool::new(false),
            brokered,
            tasks: Mutex::default(),
        }))
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
        // After the channels: an application may send at once.
        runtime.bridges.follow(runtime, &catalog).await;
        if let Some(brokered) = &self.brokered {
            brokered.start(Arc::clone(&runtime.clock));
        }
        self.keep_task(tokio::spawn(queue::pull_until_stopped(Arc::downgrade(runtime))));
        let follow_ups = queue::pull_follow_ups_until_stopped(Arc::downgrade(runtime));
        self.keep_task(tokio::spawn(follow_ups));
        self.keep_task(tokio::spawn(lease::beat_until_stopped(Arc::downgrade(runtime))));
        if let Some(spool) = &runtime.spool {
            let drain = spool::drain_until_stopped(Arc::downgrade(runtime), Arc::clone(spool));
            self.keep_task(tokio::spawn(drain));
        }
    }

    /// A task that ends with the engine.
    fn keep_task(&self, task: JoinHandle<()>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Takes nothing new, lets running steps end, closes the channels and the store.
    pub async fn stop(&self) {
        let runtime = &self.runtime;
        runtime.begin_stopping();
        runtime.under_way.wait_for_none(runtime.limits.drain).await;
        runtime.bridges.close(runtime.limits.drain).await;
        runtime.host.close(runtime.limits.drain).await;
        for service in runtime.catalog().services() {
            runtime.runner.unload(&service.key).await;
        }
        if let Some(brokered) = &self.brokered {
            brokered.stop().await;
        }
        if runtime.store.is_shared() {
            // So that other processes need not wait for the end of the lease; nothing depends on it.
            let _ = tokio::time::timeout(RETIRE_WITHIN, runtime.store.retire()).await;
        }
        runtime.store.close_aside().await;
        // The spool's last transaction comes after the store's: it takes what the store does not.
        if let Some(spool) = &runtime.spool {
            spool.close_aside().await;
        }
    }

    /// Applies a document as one idempotent change, then refreshes what runs.
    pub async fn apply(&self, document: Document) -> Result<Report, ApplyError> {
        let _applying = self.applying.lock().await;
        directory::apply(&self.runtime, document, self.refresh()).await
    }

    /// The running parts.
    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// What exists now.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.runtime.catalog().directory)
    }

    /// Serves `/c/{account}/{channel}` and what is below it: the running channel is looked up at every request.
    pub fn channel_routes(self: &Arc<Self>) -> axum::Router {
        channels::channel_routes(Arc::downgrade(&self.runtime))
    }

    /// What this engine counts and measures.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.runtime.metrics
    }

    /// Everything counted and measured, as text for Prometheus. Without an answer of the store in time it says so, and
    /// leaves out what only the store knows.
    pub async fn metrics_text(&self) -> String {
        metrics::scrape(&self.runtime).await
    }

    /// The processes that work on this store, the latest first.
    pub async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        self.runtime.store.workers().await
    }

    /// What waits on this machine's disk for the database; nothing ever does when the store is a SQLite file.
    pub fn spool_status(&self) -> SpoolStatus {
        let spool = self.runtime.spool.as_ref();
        spool.map(|spool| spool.status()).unwrap_or_default()
    }

    /// Looks at the queue now rather than when its next message is due: for a clock that was moved.
    pub fn look_for_due_work(&self) {
        self.runtime.look_for_due_work();
        self.runtime.look_for_follow_ups();
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

    /// How much waits on each channel, and how much is under way or given up.
    pub async fn queue_depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        queue_parts::depths(&self.runtime).await
    }

    /// Hands every ticket to the broker again: for a broker that has lost what it held. Says how many pieces of work that
    /// concerns; none where the store's own database is the queue.
    pub async fn rebuild_queue(&self) -> Result<u64, StoreError> {
        let rebuilt = self
            .runtime
            .store
            .forget_published(Timestamp::from_micros(i64::MAX))
            .await;
        self.runtime.look_for_due_work();
        rebuilt
    }

    /// A step of maintenance: makes the store's partitions ahead, and drops those that are over.
    pub async fn roll_partitions(&self) -> Result<(), StoreError> {
        self.runtime.store.roll_partitions().await
    }

    /// A step of maintenance: counts what waits to be sent, so that more is refused where that takes too long.
    pub async fn count_backlogs(&self) -> Result<(), StoreError> {
        outbound::backlog::count(&self.runtime).await
    }

    /// A step of maintenance: closes sessions that have expired. Says how many; none are left when it says none.
    pub async fn expire_sessions(&self) -> Result<usize, StoreError> {
        let now = self.runtime.expiry_now();
        self.runtime.store.expire_sessions(now, UPKEEP_AT_ONCE).await
    }

    /// A step of maintenance: takes over what processes had in hand that share the database and are gone. Says how many
    /// processes there were.
    pub async fn free_leases_of_the_dead(&self) -> Result<usize, StoreError> {
        let freed = self.runtime.store.free_leases_of_the_dead().await?;
        if freed > 0 {
            tracing::warn!(processes = freed, "the work of processes that are gone is taken over");
        }
        // What nobody's process had was freed too.
        self.runtime.look_for_due_work();
        Ok(freed)
    }

    /// A step of maintenance: hands on what came of long texts whose other parts did not come within a day, and forgets
    /// the parts of those that were handed on. Says how many texts; none are left when it says none.
    pub async fn end_held_texts(&self) -> Result<usize, StoreError> {
        inbound::end_held_texts(&self.runtime, UPKEEP_AT_ONCE).await
    }

    /// A step of maintenance: does receipts that crossed the answers to their sends, which two processes wrote at once.
    /// Says how many; none are left when it says none.
    pub async fn join_crossed_receipts(&self) -> Result<usize, StoreError> {
        receipts::join_crossed(&self.runtime, UPKEEP_AT_ONCE).await
    }

    /// A step of maintenance: removes services' keys that have expired. Says how many; none are left when it says none.
    pub async fn expire_keys(&self) -> Result<usize, StoreError> {
        let now = self.runtime.expiry_now();
        self.runtime.store.expire_keys(now, UPKEEP_AT_ONCE).await
    }
}

impl Drop for Engine {
    /// Without `stop` everything ends where it stands, as if the process had died; the store keeps what it confirmed.
    fn drop(&mut self) {
        self.runtime.begin_stopping();
        self.runtime.bridges.forget();
        self.runtime.host.forget();
        self.runtime.store.close();
        if let Some(spool) = &self.runtime.spool {
            spool.close();
        }
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}
