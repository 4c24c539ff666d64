//! The task behind one subscription: it takes deliveries in, settles leases, and subscribes again after every loss.

use super::leases::{LeaseLost, LeaseToken, Leases};
use super::line::{Line, News};
use super::shelf::Shelf;
use super::{Delivery, Rejection, Settlement, Subscription};
use crate::amqp::backoff::Backoff;
use crate::amqp::headers;
use crate::amqp::keeper::{Stage, reached};
use crate::amqp::session::Session;
use lapin::message::Delivery as Arrival;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// The waits before a subscription that ended on a living session is begun again.
const AGAIN_FIRST: Duration = Duration::from_millis(100);
const AGAIN_LONGEST: Duration = Duration::from_secs(5);

/// Leases to be settled.
pub(super) struct Command {
    pub(super) tokens: Vec<LeaseToken>,
    pub(super) how: Settlement,
    pub(super) answer: oneshot::Sender<Vec<Result<(), LeaseLost>>>,
}

/// One subscription.
pub(super) struct Feed {
    id: u64,
    subscription: Subscription,
    sessions: watch::Receiver<Option<Arc<Session>>>,
    commands: mpsc::Receiver<Command>,
    shelf: Arc<Shelf>,
    leases: Leases,
    line: Line,
    backoff: Backoff,
    /// Nobody takes deliveries any more; leases may still be settled.
    is_draining: bool,
}

impl Feed {
    pub(super) fn new(
        id: u64,
        subscription: Subscription,
        sessions: watch::Receiver<Option<Arc<Session>>>,
        commands: mpsc::Receiver<Command>,
        shelf: Arc<Shelf>,
    ) -> Self {
        Self {
            id,
            subscription,
            sessions,
            commands,
            shelf,
            leases: Leases::default(),
            line: Line::Idle,
            backoff: Backoff::new(AGAIN_FIRST, AGAIN_LONGEST),
            is_draining: false,
        }
    }

    /// Runs until the bus ends, or until nobody takes deliveries and nothing is leased.
    pub(super) async fn run(mut self, mut absence: oneshot::Receiver<()>, stage: watch::Receiver<Stage>) {
        let (mut one, mut other) = (stage.clone(), stage);
        let mut draining = pin!(reached(&mut one, Stage::Draining));
        let mut ending = pin!(reached(&mut other, Stage::Ending));
        self.follow_session();
        while !(self.is_draining && self.leases.is_empty()) {
            tokio::select! {
                Some(command) = self.commands.recv() => self.settle(command),
                news = self.line.news() => self.hear(news),
                Ok(()) = self.sessions.changed() => self.follow_session(),
                _ = &mut absence, if !self.is_draining => self.drain(),
                () = &mut draining, if !self.is_draining => self.drain(),
                () = &mut ending => break,
            }
        }
        self.shelf.close();
        self.line.close().await;
    }

    fn follow_session(&mut self) {
        let session = self.sessions.borrow_and_update().clone();
        self.lose_leases();
        self.backoff.reset();
        self.line = match session {
            Some(session) if !self.is_draining => Line::lay(session, self.subscription.clone()),
            _ => Line::Idle,
        };
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Laid(open) => self.line = Line::Open(open),
            News::Arrived(arrival) if self.is_draining => {
                // What cannot be given back is given back by the end of its channel.
                let _ = self.line.reject([arrival.delivery_tag], Rejection::Requeue);
            }
            News::Arrived(arrival) => {
                self.backoff.reset();
                let token = self.leases.grant(self.id, arrival.delivery_tag);
                self.shelf.put(delivery(*arrival, token));
            }
            News::Ended(reason) => self.lay_again(&reason),
        }
    }

    fn lay_again(&mut self, reason: &str) {
        if self.is_draining && self.line.is_open() {
            // It was cancelled; its channel is kept for what is leased.
            return;
        }
        self.lose_leases();
        let session = self.sessions.borrow().clone();
        self.line = match session.filter(|session| session.is_alive() && !self.is_draining) {
            Some(session) => {
                let pause = self.backoff.next(getrandom::u32().unwrap_or(0));
                tracing::warn!(
                    queue = self.subscription.queue,
                    reason,
                    "a subscription ended, it is begun again"
                );
                Line::lay_again(session, self.subscription.clone(), pause)
            }
            // The next session is told.
            None => Line::Idle,
        };
    }

    fn lose_leases(&mut self) {
        self.leases.begin_generation();
        self.shelf.clear();
    }

    fn settle(&mut self, command: Command) {
        let Command { tokens, how, answer } = command;
        let settled = self.leases.settle(&tokens);
        let said = match how {
            Settlement::Acknowledged => self.line.acknowledge(self.leases.acknowledgements(&settled)),
            Settlement::Rejected(rejection) => self.line.reject(settled, rejection),
        };
        let result = |token: &LeaseToken| match self.leases.is_present(token) {
            true => said,
            false => Err(LeaseLost),
        };
        // When nobody listens any more it is settled all the same.
        let _ = answer.send(tokens.iter().map(result).collect());
    }

    /// Asks for no more and gives back what nobody took.
    fn drain(&mut self) {
        self.is_draining = true;
        let untaken: Vec<_> = self.shelf.close().into_iter().map(|delivery| delivery.token).collect();
        let given_back = self.leases.settle(&untaken);
        let said = self
            .line
            .cancel()
            .and_then(|()| self.line.reject(given_back, Rejection::Requeue));
        if said.is_err() {
            self.lose_leases();
            self.line = Line::Idle;
        }
    }
}

fn delivery(arrival: Arrival, token: LeaseToken) -> Delivery {
    let properties = &arrival.properties;
    Delivery {
        exchange: arrival.exchange.to_string(),
        routing_key: arrival.routing_key.to_string(),
        is_redelivered: arrival.redelivered,
        message_id: properties.message_id().as_ref().map(ToString::to_string),
        content_type: properties.content_type().as_ref().map(ToString::to_string),
        headers: properties
            .headers()
            .as_ref()
            .map(headers::from_table)
            .unwrap_or_default(),
        body: arrival.data.into(),
        token,
    }
}
