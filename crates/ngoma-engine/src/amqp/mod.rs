//! Speaks with RabbitMQ; nothing else in the workspace does. It knows nothing of messages, channels or services.
//!
//! What holds whatever happens to the broker or to who calls:
//! * A future of this module only waits. Dropping it changes nothing about what was begun.
//! * A publication is [`Durable`](Published::Durable) only by the broker's word, and never when nobody got it.
//! * A lease ends with the connection it came by; a [`LeaseToken`] of an earlier one does nothing.
//! * What was declared and subscribed is declared and subscribed again after the broker was away, before anything is
//!   published.
//!
//! ```no_run
//! use ngoma_engine::amqp::{Bus, BusOptions, Exclusivity, Publication, QueueSpec, Published, Subscription};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = Bus::open("amqp://guest:guest@localhost/%2f", BusOptions::default())?;
//! bus.ensure_queue(QueueSpec::vumi("sms.inbound")).await?;
//! let publication = Publication {
//!     exchange: "vumi".to_owned(),
//!     routing_key: "sms.inbound".to_owned(),
//!     body: "{}".into(),
//!     message_id: "1".to_owned(),
//!     ..Publication::default()
//! };
//! assert_eq!(bus.publish(vec![publication]).await, [Published::Durable]);
//!
//! let mut consumer = bus.consume(Subscription {
//!     queue: "sms.inbound".to_owned(),
//!     prefetch: 20.try_into()?,
//!     exclusivity: Exclusivity::Shared,
//! })?;
//! while let Some(delivery) = consumer.next().await {
//!     bus.ack(vec![delivery.token]).await;
//! }
//! # Ok(()) }
//! ```

mod address;
mod backoff;
mod consume;
mod declare;
mod dial;
mod error;
mod headers;
mod keeper;
mod options;
mod publish;
mod session;
mod status;

pub use address::BadAddress;
pub use consume::{Consumer, Delivery, Exclusivity, LeaseLost, LeaseToken, Rejection, Subscription};
pub use declare::{Binding, Depth, ExchangeKind, Passing, QueueKind, QueueSpec, Quorum, Turns, VUMI_EXCHANGE};
pub use error::BusError;
pub use headers::{HeaderValue, Headers};
pub use options::{BODY_BYTES_MAX, BusOptions, HEADER_BYTES_MAX, NAME_BYTES_MAX, WAITING_KIB_MAX};
pub use publish::{Publication, Published};
pub use status::Status;

use address::Address;
use consume::{Feeds, Settlement};
use declare::{Declaration, Declarations};
use keeper::{Keeper, Stage};
use publish::Publisher;
use session::Session;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// The way to a broker. Clones share it; when the last is dropped everything ends at once, with [`Bus::close`] in order.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    options: BusOptions,
    publisher: Publisher,
    feeds: Feeds,
    declarations: Declarations,
    /// How many calls may be made at the same time.
    calls: Arc<Semaphore>,
    sessions: watch::Receiver<Option<Arc<Session>>>,
    status: watch::Receiver<Status>,
    /// For all that publish and consume: whose receivers are gone when they are.
    stage: watch::Sender<Stage>,
    /// The same for the connections, which end last.
    connections_stage: watch::Sender<Stage>,
}

impl Bus {
    /// Whether a bus can be opened with this address.
    pub fn check_url(url: &str) -> Result<(), BadAddress> {
        Address::parse(url).map(drop)
    }

    /// Begins to connect, now and whenever the connection is lost. To be called within a Tokio runtime.
    pub fn open(url: &str, options: BusOptions) -> Result<Self, BadAddress> {
        let address = Address::parse(url)?;
        let declarations = Declarations::default();
        let (session_sender, sessions) = watch::channel(None);
        let (status_sender, status) = watch::channel(Status::Down("not yet connected".to_owned()));
        let (stage, users) = watch::channel(Stage::Open);
        let (connections_stage, connections) = watch::channel(Stage::Open);
        let keeper = Keeper {
            address,
            options: options.clone(),
            declarations: declarations.clone(),
            sessions: session_sender,
            status: status_sender,
            stage: connections,
        };
        tokio::spawn(keeper.run());
        Ok(Self(Arc::new(Inner {
            publisher: Publisher::start(&options, &sessions, &status, &users),
            feeds: Feeds::default(),
            calls: Arc::new(Semaphore::new(options::CALLS_MAX)),
            options,
            declarations,
            sessions,
            status,
            stage,
            connections_stage,
        })))
    }

    /// How the broker is, now and from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.0.status.clone()
    }

    /// Publishes and says what became of each, in the same order. Those with the same exchange and routing key stay in
    /// order among each other.
    pub async fn publish(&self, publications: Vec<Publication>) -> Vec<Published> {
        self.0.publisher.publish(publications).await
    }

    /// Subscribes to a queue as soon as it can be, and again after every loss.
    pub fn consume(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        declare::check_name(&subscription.queue)?;
        let inner = &self.0;
        Ok(inner
            .feeds
            .subscribe(subscription, &inner.sessions, &inner.stage.subscribe()))
    }

    /// The messages are done with. One that is settled already stays so.
    pub async fn ack(&self, tokens: Vec<LeaseToken>) -> Vec<Result<(), LeaseLost>> {
        self.0.feeds.settle(tokens, Settlement::Acknowledged).await
    }

    /// The message is not wanted. One that is settled already stays so.
    pub async fn reject(&self, token: LeaseToken, rejection: Rejection) -> Result<(), LeaseLost> {
        let settled = self.0.feeds.settle(vec![token], Settlement::Rejected(rejection)).await;
        settled.into_iter().next().unwrap_or(Err(LeaseLost))
    }

    /// Sees to it that the exchange is there, now and after the broker was away. One that the broker refuses is not asked
    /// for again; one for which there was no answer is, at the next connection.
    pub async fn ensure_exchange(&self, name: impl Into<String>, kind: ExchangeKind) -> Result<(), BusError> {
        self.ensure(Declaration::Exchange(name.into(), kind)).await
    }

    /// Sees to it that the queue is there, in the same way.
    pub async fn ensure_queue(&self, spec: QueueSpec) -> Result<(), BusError> {
        self.ensure(Declaration::Queue(spec)).await
    }

    /// What is in a queue.
    pub async fn depth(&self, queue: &str) -> Result<Depth, BusError> {
        let queue = queue.to_owned();
        self.call(async move |session: Arc<Session>| declare::depth(session.working(), &queue).await)
            .await
    }

    /// Ends in order: nothing new is taken, what was published is confirmed and what is leased is settled, within limits;
    /// then the connections end.
    pub async fn close(&self) {
        let was_open = self.0.stage.send_if_modified(|stage| {
            let is_open = *stage == Stage::Open;
            *stage = (*stage).max(Stage::Draining);
            is_open
        });
        if was_open {
            tokio::spawn(end(self.0.clone()));
        }
        self.0.connections_stage.closed().await;
    }

    async fn ensure(&self, declaration: Declaration) -> Result<(), BusError> {
        self.0.declarations.remember(&declaration)?;
        let declarations = self.0.declarations.clone();
        self.call(async move |session: Arc<Session>| {
            let declared = declaration.declare(session.working()).await;
            if matches!(declared, Err(BusError::Refused(_) | BusError::NotFound(_))) {
                declarations.forget(&declaration);
            }
            declared
        })
        .await
    }

    /// Makes a call on the present session, or the first one that comes in time. It goes on when nobody waits for it.
    async fn call<T, F>(&self, call: impl FnOnce(Arc<Session>) -> F + Send + 'static) -> Result<T, BusError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BusError>> + Send,
    {
        let inner = self.0.clone();
        let calling = tokio::spawn(async move {
            let answered = timeout(inner.options.answer_within, async {
                // The semaphore is never closed.
                let _place = inner.calls.acquire().await;
                call(session(&inner).await?).await
            });
            answered.await.unwrap_or_else(|_| Err(late(&inner)))
        });
        calling
            .await
            .unwrap_or_else(|_| Err(BusError::Away("the process ends".to_owned())))
    }
}

/// The present session, or the next one.
async fn session(inner: &Inner) -> Result<Arc<Session>, BusError> {
    let mut sessions = inner.sessions.clone();
    let session = sessions
        .wait_for(|session| session.as_ref().is_some_and(|session| session.is_alive()))
        .await;
    let session = session.ok().and_then(|session| session.clone());
    session.ok_or_else(|| BusError::Away("the bus is closed".to_owned()))
}

fn late(inner: &Inner) -> BusError {
    let status = inner.status.borrow();
    BusError::Away(match &*status {
        Status::Down(_) => status.to_string(),
        _ => "the broker gave no answer in time".to_owned(),
    })
}

/// The order in which a bus ends.
async fn end(inner: Arc<Inner>) {
    // What has not ended by then is ended.
    let _ = timeout(inner.options.drain_within, inner.stage.closed()).await;
    inner.stage.send_replace(Stage::Ending);
    inner.connections_stage.send_replace(Stage::Ending);
}
