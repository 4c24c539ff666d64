//! The way from a queue to a feed: a channel with one consumer on it.

use super::leases::{Acknowledgement, LeaseLost, Reach};
use super::{Exclusivity, Rejection, Subscription};
use crate::amqp::dial::close_channel;
use crate::amqp::session::Session;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::StreamExt;
use lapin::message::Delivery as Arrival;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

/// How far it is.
pub(super) enum Line {
    /// There is no session.
    Idle,
    /// It is being laid.
    Laying(BoxFuture<'static, lapin::Result<Box<Open>>>),
    /// Deliveries come.
    Open(Box<Open>),
}

/// Whether something could be said to the broker.
pub(super) type Said = Result<(), LeaseLost>;

/// What comes by a line.
pub(super) enum News {
    /// It is laid.
    Laid(Box<Open>),
    /// A delivery.
    Arrived(Box<Arrival>),
    /// It cannot be laid or has ended; the reason.
    Ended(String),
}

/// A line that is laid.
pub(super) struct Open {
    channel: Channel,
    consumer: Consumer,
}

impl Line {
    /// Begins to lay one on a session.
    pub(super) fn lay(session: Arc<Session>, subscription: Subscription) -> Self {
        Self::Laying(subscribe(session, subscription).boxed())
    }

    /// The same after a pause and with everything declared again that is remembered: perhaps the queue was deleted.
    pub(super) fn lay_again(session: Arc<Session>, subscription: Subscription, pause: Duration) -> Self {
        let laying = async move {
            tokio::time::sleep(pause).await;
            session.restore().await;
            subscribe(session, subscription).await
        };
        Self::Laying(laying.boxed())
    }

    /// What comes next. After its end a line is to be replaced.
    pub(super) async fn news(&mut self) -> News {
        match self {
            Self::Idle => pending().await,
            Self::Laying(laying) => match laying.await {
                Ok(open) => News::Laid(open),
                Err(error) => News::Ended(error.to_string()),
            },
            Self::Open(open) => match open.consumer.next().await {
                Some(Ok(arrival)) => News::Arrived(Box::new(arrival)),
                Some(Err(error)) => News::Ended(error.to_string()),
                None => News::Ended("the broker ended the subscription".to_owned()),
            },
        }
    }

    /// Whether it is laid.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Ends it; the broker has then taken all that was said.
    pub(super) async fn close(self) {
        if let Self::Open(open) = self {
            close_channel(&open.channel).await;
        }
    }

    /// Asks for no more deliveries.
    pub(super) fn cancel(&self) -> Said {
        self.say(|open| {
            let tag = open.consumer.tag();
            hand_over(open.channel.basic_cancel(tag, BasicCancelOptions::default()))
        })
    }

    /// Says that deliveries are done with.
    pub(super) fn acknowledge(&self, acknowledgements: Vec<Acknowledgement>) -> Said {
        let say = |Acknowledgement { tag, reach }| {
            let multiple = reach == Reach::UpTo;
            self.say(|open| hand_over(open.channel.basic_ack(tag, BasicAckOptions { multiple })))
        };
        acknowledgements.into_iter().try_for_each(say)
    }

    /// Says that deliveries are not wanted.
    pub(super) fn reject(&self, tags: impl IntoIterator<Item = u64>, rejection: Rejection) -> Said {
        let requeue = rejection == Rejection::Requeue;
        let say = |tag| self.say(|open| hand_over(open.channel.basic_reject(tag, BasicRejectOptions { requeue })));
        tags.into_iter().try_for_each(say)
    }

    fn say(&self, word: impl FnOnce(&Open) -> Said) -> Said {
        match self {
            Self::Open(open) => word(open),
            Self::Idle | Self::Laying(_) => Err(LeaseLost),
        }
    }
}

/// The first step of what is said to the broker puts it into the library's queue; nobody waits for it to be written. What
/// does not reach the broker any more is delivered again.
fn hand_over<T>(saying: impl Future<Output = lapin::Result<T>>) -> Said {
    match saying.now_or_never() {
        Some(Err(_)) => Err(LeaseLost),
        Some(Ok(_)) | None => Ok(()),
    }
}

async fn subscribe(session: Arc<Session>, subscription: Subscription) -> lapin::Result<Box<Open>> {
    let channel = session.working().create_channel().await?;
    let prefetch = subscription.prefetch.get();
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions {
        exclusive: subscription.exclusivity == Exclusivity::Exclusive,
        ..BasicConsumeOptions::default()
    };
    let (queue, tag) = (subscription.queue.into(), ShortString::default());
    let consumer = channel
        .basic_consume(queue, tag, options, FieldTable::default())
        .await?;
    Ok(Box::new(Open { channel, consumer }))
}
