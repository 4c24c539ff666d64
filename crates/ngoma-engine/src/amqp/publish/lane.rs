//! One channel for publishing: it sends in order, as many as may be unconfirmed, and answers each in time.

use super::in_flight::{Confirmation as Word, InFlight};
use super::publication::{Identity, Publication, Published};
use super::{closed, not_sent};
use crate::amqp::dial::close_channel;
use crate::amqp::keeper::{Stage, reached};
use crate::amqp::session::Session;
use crate::amqp::status::Status;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::Instant;

/// The pause after a channel could not be opened on a session that lives.
const OPEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A publication on its way.
pub(super) struct Item {
    pub(super) publication: Publication,
    pub(super) deadline: Instant,
    pub(super) owner: Owner,
}

/// Who waits for the word on it.
pub(super) struct Owner {
    pub(super) answer: oneshot::Sender<Published>,
    /// Its place among all that wait; free again when it is answered.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// The task behind one channel.
pub(super) struct Lane {
    items: mpsc::UnboundedReceiver<Item>,
    sessions: watch::Receiver<Option<Arc<Session>>>,
    status: watch::Receiver<Status>,
    unconfirmed_max: usize,
    waiting: VecDeque<Item>,
    in_flight: InFlight<Owner>,
    confirmations: FuturesUnordered<Confirming>,
    way: Way,
}

/// Brings the number of a publication and what the library says about it.
type Confirming = BoxFuture<'static, (u64, lapin::Result<Confirmation>)>;

/// How far the channel is.
enum Way {
    /// There is none; it is opened when it is needed and there is a session.
    None,
    /// It is being opened.
    Opening(BoxFuture<'static, lapin::Result<Channel>>),
    /// It can be used.
    Open(Channel),
}

impl Lane {
    pub(super) fn new(
        items: mpsc::UnboundedReceiver<Item>,
        sessions: watch::Receiver<Option<Arc<Session>>>,
        status: watch::Receiver<Status>,
        unconfirmed_max: usize,
    ) -> Self {
        Self {
            items,
            sessions,
            status,
            unconfirmed_max: unconfirmed_max.max(1),
            waiting: VecDeque::new(),
            in_flight: InFlight::default(),
            confirmations: FuturesUnordered::new(),
            way: Way::None,
        }
    }

    /// Runs until the bus ends, or until it drains and everything is answered.
    pub(super) async fn run(mut self, stage: watch::Receiver<Stage>) {
        let (mut one, mut other) = (stage.clone(), stage);
        let mut draining = pin!(reached(&mut one, Stage::Draining));
        let mut ending = pin!(reached(&mut other, Stage::Ending));
        while !self.is_done() {
            self.prepare_channel();
            self.send_what_may_be().await;
            let is_open = !self.items.is_closed();
            let may_come = is_open || !self.items.is_empty();
            let deadline = self.next_deadline();
            tokio::select! {
                item = self.items.recv(), if may_come => self.waiting.extend(item),
                Some((number, result)) = self.confirmations.next() => self.hear(number, result),
                opened = self.way.opened() => self.opened(opened),
                Ok(()) = self.sessions.changed() => self.follow_session(),
                Ok(()) = self.status.changed() => {}
                () = at(deadline) => self.tell_late(),
                () = &mut draining, if is_open => self.items.close(),
                () = &mut ending => break,
            }
        }
        self.end().await;
    }

    fn is_done(&self) -> bool {
        self.items.is_closed() && self.items.is_empty() && self.waiting.is_empty() && self.in_flight.is_quiet()
    }

    fn prepare_channel(&mut self) {
        if self.in_flight.len() >= self.unconfirmed_max && self.in_flight.is_quiet() {
            tracing::warn!("the broker confirms nothing on a publishing channel, it is given up");
            self.confirmations.clear();
            self.in_flight.take_all();
            self.way = Way::None;
        }
        if let (Way::None, false) = (&self.way, self.waiting.is_empty()) {
            let session = self.sessions.borrow().clone();
            self.way = Way::from(session.map(Session::publishing_channel));
        }
    }

    async fn send_what_may_be(&mut self) {
        while let Some((channel, item)) = self.next_to_send() {
            let identity = item.publication.identity();
            let number = self.in_flight.add(identity, item.deadline, item.owner);
            let mut confirming = publish(channel, number, item.publication).boxed();
            // Its first step puts it into the library's queue. Taken here, publications keep their order.
            let first_step = poll_fn(|context| Poll::Ready(confirming.poll_unpin(context)));
            match first_step.await {
                Poll::Pending => self.confirmations.push(confirming),
                Poll::Ready((number, result)) => self.hear(number, result),
            }
        }
    }

    /// Nothing while the broker takes no messages or has enough to confirm.
    fn next_to_send(&mut self) -> Option<(Channel, Item)> {
        let Way::Open(channel) = &self.way else { return None };
        let may_send = self.status.borrow().is_connected() && self.in_flight.len() < self.unconfirmed_max;
        let item = may_send.then(|| self.waiting.pop_front())??;
        Some((channel.clone(), item))
    }

    /// Takes one word and all others that are there: what came back for one may be with another.
    fn hear(&mut self, number: u64, result: lapin::Result<Confirmation>) {
        let mut heard = Some((number, result));
        while let Some((number, result)) = heard {
            let (word, returned) = match result {
                Ok(Confirmation::Ack(returned)) => (Word::Taken, returned),
                Ok(Confirmation::Nack(returned)) => (Word::Refused("the queue is full or fails".to_owned()), returned),
                Ok(Confirmation::NotRequested) => return self.lose_channel("the broker does not confirm"),
                Err(error) => return self.lose_channel(&error.to_string()),
            };
            self.in_flight.confirm(number, word, returned.map(identity));
            heard = self.confirmations.next().now_or_never().flatten();
        }
        self.settle();
    }

    fn settle(&mut self) {
        for (owner, published) in self.in_flight.settle() {
            owner.tell(published);
        }
    }

    /// The broker closed the channel over one of the publications, which one nobody knows; or all is lost.
    fn lose_channel(&mut self, reason: &str) {
        self.lose_in_flight(reason);
        let session = self.sessions.borrow().clone().filter(|session| session.is_alive());
        if session.is_some() {
            tracing::warn!(reason, "the broker ended a publishing channel");
        }
        self.way = Way::from(session.map(Session::restored_publishing_channel));
    }

    fn follow_session(&mut self) {
        self.sessions.borrow_and_update();
        let reason = match &*self.status.borrow() {
            down @ Status::Down(_) => down.to_string(),
            _ => "the connection to the broker was lost".to_owned(),
        };
        self.lose_in_flight(&reason);
        self.way = Way::None;
    }

    fn lose_in_flight(&mut self, reason: &str) {
        self.confirmations.clear();
        for owner in self.in_flight.take_all() {
            owner.tell(Published::Unknown(reason.to_owned()));
        }
    }

    fn opened(&mut self, opened: lapin::Result<Channel>) {
        let session = self.sessions.borrow().clone();
        self.way = match opened {
            Ok(channel) => Way::Open(channel),
            Err(error) => {
                if session.as_ref().is_some_and(|session| session.is_alive()) {
                    tracing::warn!(%error, "no publishing channel");
                }
                Way::from(session.map(async |session| {
                    tokio::time::sleep(OPEN_AGAIN_AFTER).await;
                    session.publishing_channel().await
                }))
            }
        };
    }

    fn next_deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.front().map(|item| item.deadline);
        waiting.into_iter().chain(self.in_flight.next_deadline()).min()
    }

    fn tell_late(&mut self) {
        let now = Instant::now();
        for owner in self.in_flight.take_late(now) {
            owner.tell(Published::Unknown("the broker did not confirm it in time".to_owned()));
        }
        self.settle();
        while self.waiting.front().is_some_and(|item| item.deadline <= now) {
            let published = not_sent(&self.status.borrow());
            self.waiting
                .pop_front()
                .into_iter()
                .for_each(|item| item.owner.tell(published.clone()));
        }
    }

    async fn end(mut self) {
        self.lose_in_flight("the bus is closed");
        self.items.close();
        self.waiting.extend(std::iter::from_fn(|| self.items.try_recv().ok()));
        for item in self.waiting {
            item.owner.tell(closed());
        }
        if let Way::Open(channel) = &self.way {
            close_channel(channel).await;
        }
    }
}

impl Owner {
    fn tell(self, published: Published) {
        // When nobody listens any more it changes nothing.
        let _ = self.answer.send(published);
        drop(self.place);
    }
}

impl Way {
    fn from<F: Future<Output = lapin::Result<Channel>> + Send + 'static>(opening: Option<F>) -> Self {
        opening.map_or(Self::None, |opening| Self::Opening(Box::pin(opening)))
    }

    /// Returns when the channel that is being opened is open or cannot be.
    async fn opened(&mut self) -> lapin::Result<Channel> {
        match self {
            Self::Opening(opening) => opening.await,
            Self::None | Self::Open(_) => pending().await,
        }
    }
}

async fn publish(channel: Channel, number: u64, publication: Publication) -> (u64, lapin::Result<Confirmation>) {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let (exchange, key) = (&*publication.exchange, &*publication.routing_key);
    let properties = publication.properties();
    let sending = channel.basic_publish(exchange.into(), key.into(), options, &publication.body, properties);
    let result = match sending.await {
        Ok(confirming) => confirming.await,
        Err(error) => Err(error),
    };
    (number, result)
}

fn identity(message: BasicReturnMessage) -> Identity {
    let delivery = message.delivery;
    let message_id = delivery.properties.message_id().as_ref();
    Identity {
        exchange: delivery.exchange.to_string(),
        routing_key: delivery.routing_key.to_string(),
        message_id: message_id.map(ToString::to_string).unwrap_or_default(),
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => pending().await,
    }
}
