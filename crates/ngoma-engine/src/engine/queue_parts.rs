//! The queue an engine takes work from, put together from what was chosen.

use super::{EngineOptions, Runtime};
use crate::amqp::Status;
use crate::clock::Clock;
use crate::queue::{BrokeredQueue, Queue, QueueChoice, RabbitBroker, StoreQueue};
use crate::store::{OpenError, QueueKind, Store, StoreError};
use ngoma_message::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A queue and what wakes its taker.
pub(super) struct QueueParts {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) wake: Arc<Notify>,
    pub(super) brokered: Option<Arc<Brokered>>,
}

/// The parts of a queue behind a broker that run by themselves.
pub(super) struct Brokered {
    queue: Arc<BrokeredQueue>,
    broker: Arc<RabbitBroker>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl QueueParts {
    /// Puts the chosen queue together. A broker is connected to from now on, whether it is there or not.
    pub(super) fn open(options: &EngineOptions, store: &Store) -> Result<Self, OpenError> {
        let wake = Arc::new(Notify::new());
        match &options.queue {
            QueueChoice::Store => Ok(Self {
                queue: Arc::new(StoreQueue::new(store.clone())),
                wake,
                brokered: None,
            }),
            QueueChoice::Amqp { url, partitions } => {
                let broker = RabbitBroker::open(url, (*partitions).max(1));
                let broker = Arc::new(broker.map_err(|error| OpenError::Database(format!("the broker: {error}")))?);
                let queue = BrokeredQueue::new(store.clone(), broker.clone(), Arc::clone(&wake));
                let brokered = Brokered {
                    queue: Arc::clone(&queue),
                    broker,
                    tasks: Mutex::default(),
                };
                Ok(Self {
                    queue,
                    wake,
                    brokered: Some(Arc::new(brokered)),
                })
            }
        }
    }
}

impl Brokered {
    /// Begins to take tickets, and to hand lost ones over again.
    pub(super) fn start(&self, clock: Arc<dyn Clock>) {
        let (taking, mending) = (Arc::clone(&self.queue), Arc::clone(&self.queue));
        let status = self.broker.status();
        let tasks = [
            tokio::spawn(async move { taking.receive().await }),
            tokio::spawn(async move { mending.mend(&*clock, status).await }),
        ];
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
    }

    /// How the broker is now.
    pub(super) fn status(&self) -> Status {
        self.broker.status().borrow().clone()
    }

    /// Ends both, and the connections.
    pub(super) async fn stop(&self) {
        self.abort();
        self.broker.close().await;
    }

    fn abort(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Drop for Brokered {
    fn drop(&mut self) {
        self.abort();
    }
}

/// How much there is of one channel's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// The channel's full name: `demo/sms`.
    pub channel: String,
    /// `inbound` or `outbound`.
    pub kind: &'static str,
    /// Due, and free to be taken.
    pub ready: u64,
    /// Due later.
    pub delayed: u64,
    /// Under way.
    pub leased: u64,
    /// Given up.
    pub dead: u64,
    /// Since when the oldest that is ready waits.
    pub oldest: Option<Timestamp>,
}

/// Every channel's work, in the order of the names.
pub(super) async fn depths(runtime: &Runtime) -> Result<Vec<QueueDepth>, StoreError> {
    let catalog = runtime.catalog();
    let now = runtime.clock.now();
    let mut depths = Vec::new();
    for channel in catalog.channels() {
        for kind in [QueueKind::Inbound, QueueKind::Outbound] {
            let line = crate::queue::Line {
                account: channel.account,
                channel: channel.id,
                kind,
            };
            let depth = runtime.queue.depth(line, now).await?;
            depths.push(QueueDepth {
                channel: format!("{}/{}", channel.account_code, channel.name),
                kind: kind.as_str(),
                ready: depth.ready,
                delayed: depth.delayed,
                leased: depth.leased,
                dead: depth.dead,
                oldest: depth.oldest,
            });
        }
    }
    depths.sort_by(|one, other| (&one.channel, one.kind).cmp(&(&other.channel, other.kind)));
    Ok(depths)
}
