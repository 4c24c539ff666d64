//! The channels that run: opened from what is declared, closed and opened again when that changes.

mod place;
mod routes;

pub(crate) use place::Place;
pub(crate) use routes::channel_routes;

use crate::channel::{ChannelType, Description, Shutdown, Transport};
use crate::outbound::Bucket;
use crate::queue::Line;
use crate::store::QueueKind;
use axum::Router;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// A running channel.
pub(crate) struct Running {
    /// The number of its account.
    pub(crate) account: i64,
    /// Its number.
    pub(crate) id: i64,
    /// What carries its messages.
    pub(crate) transport: Arc<dyn Transport>,
    /// What its type tells.
    pub(crate) description: Description,
    /// Its web hooks.
    pub(crate) routes: Router,
    /// Places in memory for inbound messages on their way.
    inbound_room: Arc<Semaphore>,
    /// Places in memory for outbound messages on their way.
    outbound_room: Arc<Semaphore>,
    /// How many of its messages may be sent at once.
    pub(crate) window: usize,
    /// Places for messages that are being sent.
    pub(crate) sending: Arc<Semaphore>,
    /// How fast it sends.
    pub(crate) pace: Bucket,
    /// Whether messages wait in the queue's table that found no place in memory.
    backlog: AtomicBool,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What bounds one running channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) waiting: usize,
    pub(crate) sending: usize,
}

impl Running {
    /// Starts a channel that was opened.
    pub(crate) fn start(account: i64, id: i64, name: String, opened: Opened, room: Room) -> Arc<Self> {
        let (stop, stopping) = Shutdown::new();
        let transport: Arc<dyn Transport> = Arc::from(opened.transport);
        let task = tokio::spawn(run(Arc::clone(&transport), name, stopping));
        let running = Arc::new(Self {
            account,
            id,
            routes: transport.routes(),
            transport,
            description: opened.description,
            inbound_room: Arc::new(Semaphore::new(room.waiting)),
            outbound_room: Arc::new(Semaphore::new(room.waiting)),
            window: room.sending,
            sending: Arc::new(Semaphore::new(room.sending)),
            pace: Bucket::default(),
            // An earlier process may have left some: a look at the queue tells.
            backlog: AtomicBool::new(true),
            stop,
            task: Mutex::new(Some(task)),
        });
        // It is started once.
        let _ = opened.home.set(Arc::downgrade(&running));
        running
    }

    /// Its work of that kind.
    pub(crate) fn line(&self, kind: QueueKind) -> Line {
        Line {
            account: self.account,
            channel: self.id,
            kind,
        }
    }

    /// The places in memory for messages of that way.
    pub(crate) fn room(&self, kind: QueueKind) -> &Arc<Semaphore> {
        match kind {
            QueueKind::Outbound => &self.outbound_room,
            // Follow-ups have places of their services and accounts, not of channels.
            QueueKind::Inbound | QueueKind::Event | QueueKind::Webhook => &self.inbound_room,
        }
    }

    /// Notes whether messages wait for a place in memory.
    pub(crate) fn note_backlog(&self, waits: bool) {
        self.backlog.store(waits, Ordering::Relaxed);
    }

    /// Whether messages wait for a place in memory.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::Relaxed)
    }

    /// Tells it to stop and waits for its end, so long at most.
    async fn close(&self, patience: Duration) {
        let _ = self.stop.send(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(patience, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

/// A channel that was opened and checked, and does not run yet.
pub(crate) struct Opened {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) description: Description,
    /// Where its door finds it once it runs.
    pub(crate) home: Home,
}

/// The running channel a door belongs to, once it runs. A channel that was replaced still has its door: what came to it
/// is answered by it.
pub(crate) type Home = Arc<OnceLock<Weak<Running>>>;

/// The running channels by number, and in that order: nothing that is done to all of them is left to chance.
#[derive(Default)]
pub(crate) struct Host {
    running: RwLock<BTreeMap<i64, Arc<Running>>>,
}

impl Host {
    /// The running channel of that number.
    pub(crate) fn get(&self, channel: i64) -> Option<Arc<Running>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.get(&channel).cloned()
    }

    /// Every running channel.
    pub(crate) fn all(&self) -> Vec<Arc<Running>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.values().cloned().collect()
    }

    /// Lets a channel take the place of the one of its number, which is closed.
    pub(crate) async fn replace(&self, channel: Arc<Running>, patience: Duration) {
        let transport = Arc::clone(&channel.transport);
        let before = {
            let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
            running.insert(channel.id, channel)
        };
        if let Some(before) = before {
            if transport.makes_before_break() {
                let _ = tokio::time::timeout(patience, transport.ready()).await;
            }
            before.close(patience).await;
        }
    }

    /// Closes every channel.
    pub(crate) async fn close(&self, patience: Duration) {
        for channel in self.all() {
            channel.close(patience).await;
        }
        self.forget();
    }

    /// Tells every channel to stop, without waiting for it.
    pub(crate) fn forget(&self) {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        for channel in std::mem::take(&mut *running).into_values() {
            let _ = channel.stop.send(true);
        }
    }
}

/// The channel type of that code.
pub(crate) fn type_of<'a>(types: &'a [Box<dyn ChannelType>], code: &str) -> Option<&'a dyn ChannelType> {
    types.iter().find(|known| known.code() == code).map(AsRef::as_ref)
}

async fn run(transport: Arc<dyn Transport>, name: String, stopping: Shutdown) {
    if let Err(down) = transport.run(stopping).await {
        tracing::error!(channel.name = name, reason = down.0, "a channel ended by itself");
    }
}
