//! The running parts, as the tasks that move messages share them.

use super::expiry::ExpiryClock;
use super::lease::WorkerLease;
use super::{EngineOptions, Limits};
use crate::bridge::Bridges;
use crate::channel::{ChannelType, Config, ConfigError};
use crate::channels::{self, Host, Opened, Place, Room, Running};
use crate::clients::Tokens;
use crate::clock::Clock;
use crate::directory::{Catalog, ChannelRecord};
use crate::inbound::{KnownHandOvers, People};
use crate::metrics::Metrics;
use crate::outbound::Order;
use crate::outbound::backlog::Backlogs;
use crate::outgoing_http::{HttpClient, Reach, ServiceCalls};
use crate::ports::Tallies;
use crate::queue::Queue;
use crate::service::{HttpPort, ServiceRunner};
use crate::spool::Spool;
use crate::store::{QueueKind, Store, StoreError};
use crate::suspects::Suspects;
use crate::versions::EarlierVersions;
use ngoma_message::{Country, MessageId, Timestamp};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The first wait before the store is asked again; it doubles up to the longest.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// What the message path needs of an engine.
pub(crate) struct Runtime {
    pub(crate) store: Store,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) metrics: Arc<Metrics>,
    /// Where arrivals wait while the store is away; a SQLite store is on the same disk and has none.
    pub(crate) spool: Option<Arc<Spool>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runner: Arc<dyn ServiceRunner>,
    pub(crate) types: Vec<Box<dyn ChannelType>>,
    pub(crate) limits: Limits,
    pub(crate) host: Host,
    pub(crate) bridges: Bridges,
    pub(crate) people: People,
    pub(crate) hand_overs: KnownHandOvers,
    pub(crate) tallies: Tallies,
    /// Who is before whom on the way out.
    pub(crate) order: Order,
    pub(crate) suspects: Suspects,
    pub(crate) earlier_versions: EarlierVersions,
    pub(crate) http_port: Arc<dyn HttpPort>,
    /// Says that the queue should be looked at.
    pub(crate) due_work: Arc<Notify>,
    /// Says that follow-ups should be looked for.
    pub(crate) due_follow_ups: Arc<Notify>,
    pub(crate) under_way: UnderWay,
    pub(crate) tokens: Tokens,
    /// What waits to be sent, as it was counted last.
    pub(crate) backlogs: Backlogs,
    pub(super) lease: WorkerLease,
    expiry: ExpiryClock,
    catalog: RwLock<Arc<Catalog>>,
    http_public: HttpClient,
    http_anywhere: HttpClient,
    is_stopping: AtomicBool,
    stopping: Notify,
}

/// The parts an engine is opened with.
pub(super) struct RuntimeParts {
    pub(super) store: Store,
    pub(super) spool: Option<Arc<Spool>>,
    pub(super) lease: WorkerLease,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) due_work: Arc<Notify>,
    pub(super) metrics: Arc<Metrics>,
}

impl Runtime {
    pub(super) fn new(parts: RuntimeParts, options: EngineOptions) -> Self {
        let http_public = HttpClient::new(Reach::PublicOnly);
        let http_anywhere = HttpClient::new(Reach::Anywhere);
        let expiry = ExpiryClock::new(Arc::clone(&options.clock));
        Self {
            store: parts.store,
            queue: parts.queue,
            metrics: parts.metrics,
            spool: parts.spool,
            clock: options.clock,
            runner: options.runner,
            types: options.channel_types,
            limits: options.limits,
            host: Host::default(),
            bridges: Bridges::default(),
            people: People::default(),
            hand_overs: KnownHandOvers::default(),
            tallies: Tallies::default(),
            order: Order::default(),
            suspects: Suspects::default(),
            earlier_versions: EarlierVersions::default(),
            http_port: Arc::new(ServiceCalls {
                public: http_public.clone(),
                anywhere: http_anywhere.clone(),
            }),
            due_work: parts.due_work,
            due_follow_ups: Arc::default(),
            under_way: UnderWay::default(),
            tokens: Tokens::default(),
            backlogs: Backlogs::default(),
            lease: parts.lease,
            expiry,
            catalog: RwLock::default(),
            http_public,
            http_anywhere,
            is_stopping: AtomicBool::new(false),
            stopping: Notify::new(),
        }
    }

    /// What exists now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what exists from the store.
    pub(crate) async fn read_catalog(&self) -> Result<Catalog, StoreError> {
        let loaded = self.store.load_directory().await?;
        Ok(Catalog::build(loaded, &self.catalog(), self.limits.room()))
    }

    /// From now on this exists.
    pub(crate) fn use_catalog(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }

    /// Opens a channel without letting it run; this checks its settings.
    pub(crate) fn open_channel(
        self: &Arc<Self>,
        account: &str,
        name: &str,
        record: &ChannelRecord,
    ) -> Result<Opened, OpenChannelError> {
        let code = &record.channel_type;
        let channel_type = channels::type_of(&self.types, code).ok_or_else(|| {
            let known: Vec<&str> = self.types.iter().map(|known| known.code()).collect();
            OpenChannelError::UnknownType(code.clone(), known.join(", "))
        })?;
        let country = record.country.as_deref().and_then(Country::parse);
        let home = channels::Home::default();
        let door = super::door::ChannelDoor::new(Arc::downgrade(self), Arc::clone(&home), account, name);
        let allow_private = record.config.get("allow_private") == Some(&serde_json::Value::Bool(true));
        let reach = if allow_private {
            Reach::Anywhere
        } else {
            Reach::PublicOnly
        };
        let ctx = crate::channel::ChannelContext {
            account: account.to_owned(),
            channel: name.to_owned(),
            address: record.address.clone(),
            country,
            clock: Arc::clone(&self.clock),
            http: self.http_client(reach).clone(),
            door: Arc::new(door),
        };
        let config = Config(record.config.clone());
        Ok(Opened {
            transport: channel_type.open(&config, ctx)?,
            description: channel_type.describe_as(&config),
            home,
        })
    }

    /// The client that reaches only there.
    pub(crate) fn http_client(&self, reach: Reach) -> &HttpClient {
        match reach {
            Reach::PublicOnly => &self.http_public,
            Reach::Anywhere => &self.http_anywhere,
        }
    }

    /// Lets an opened channel run, in place of the one of its number.
    pub(crate) async fn run_channel(&self, account: i64, id: i64, name: String, opened: Opened) {
        let catalog = self.catalog();
        let window = catalog.channel(id).and_then(|channel| channel.record.policy.window);
        let room = Room {
            waiting: self.limits.waiting_in_memory,
            sending: window.unwrap_or(self.limits.sending_at_once),
        };
        let running = Running::start(account, id, name, opened, room);
        self.host.replace(running, self.limits.drain).await;
        self.look_for_due_work();
    }

    /// Lets the queue be looked at now.
    pub(crate) fn look_for_due_work(&self) {
        self.due_work.notify_one();
    }

    /// Lets follow-ups be looked for now.
    pub(crate) fn look_for_follow_ups(&self) {
        self.due_follow_ups.notify_one();
    }

    /// Says that a message found no place in memory and waits in the queue.
    pub(crate) fn leave_in_queue(&self, running: &Running) {
        running.note_backlog(true);
        self.look_for_due_work();
    }

    /// Takes a place in memory for a message of a channel, unless all are taken.
    pub(crate) fn place(&self, running: &Arc<Running>, kind: QueueKind) -> Option<Place> {
        Place::take(running, kind, &self.due_work)
    }

    /// Does a store operation again while the store does not take it, until the engine stops. What is under way is so
    /// kept in memory, bounded by its places, while a disk is full.
    pub(crate) async fn persist<T, F, Doing>(&self, operation: F) -> Result<T, StoreError>
    where
        F: Fn() -> Doing,
        Doing: Future<Output = Result<T, StoreError>>,
    {
        let mut wait = FIRST_RETRY;
        loop {
            match operation().await {
                Err(StoreError::Unavailable(_)) if !self.is_stopping() => {
                    let _ = tokio::time::timeout(wait, self.stopping.notified()).await;
                    wait = (wait * 2).min(LONGEST_RETRY);
                }
                result => return result,
            }
        }
    }

    /// The moment by which sessions, messages and waits for answers expire.
    pub(crate) fn expiry_now(&self) -> Timestamp {
        self.expiry.now()
    }

    /// Lets the lease on this process's work be confirmed now.
    pub(crate) fn doubt_lease(&self) {
        self.lease.confirm_now();
    }

    /// Whether this process may go on with what it took under that lease: another may have it. Waits while nobody can
    /// tell.
    pub(crate) async fn holds(&self, lease: i64) -> bool {
        self.lease.holds(lease, || self.is_stopping()).await
    }

    /// Gives work back whose lease was lost, for whoever has room.
    pub(crate) async fn give_back(&self, account: i64, kind: QueueKind, item: &MessageId, lease: i64) {
        let given = self
            .persist(|| self.store.give_back_lost(account, kind, item, lease))
            .await;
        if let Err(error) = given {
            tracing::debug!(message.id = %item, %error, "work is left to upkeep or the next start");
        }
        self.look_for_due_work();
    }

    /// Whether the engine takes nothing new.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Returns when the engine begins to stop.
    pub(crate) async fn until_stopping(&self) {
        let begins = self.stopping.notified();
        if !self.is_stopping() {
            begins.await;
        }
    }

    /// From now on nothing new is taken.
    pub(super) fn begin_stopping(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.look_for_due_work();
        self.look_for_follow_ups();
        self.stopping.notify_waiters();
    }
}

/// Why a declared channel cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenChannelError {
    #[error("type {0:?} is not known: {1}")]
    UnknownType(String, String),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// How many messages are being worked on.
pub(crate) struct UnderWay {
    count: watch::Sender<usize>,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self {
            count: watch::Sender::new(0),
        }
    }
}

/// One message being worked on, until this is dropped.
pub(crate) struct Working(watch::Sender<usize>);

impl UnderWay {
    /// Counts one more.
    pub(crate) fn enter(&self) -> Working {
        self.count.send_modify(|count| *count += 1);
        Working(self.count.clone())
    }

    /// Whether there is none.
    pub(super) fn is_none(&self) -> bool {
        *self.count.borrow() == 0
    }

    /// Returns when there is none, or after so long.
    pub(super) async fn wait_for_none(&self, patience: Duration) {
        let mut count = self.count.subscribe();
        let _ = tokio::time::timeout(patience, count.wait_for(|count| *count == 0)).await;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
