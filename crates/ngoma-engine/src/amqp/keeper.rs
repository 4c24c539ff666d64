//! Keeps a session with the broker: begins one, watches it, and begins the next when it is lost.

use super::address::Address;
use super::backoff::Backoff;
use super::declare::Declarations;
use super::options::BusOptions;
use super::session::Session;
use super::status::Status;
use futures_util::{Stream, StreamExt};
use lapin::{Connection, Event};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// How often it is looked whether a session still lives; it mostly says so by itself.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How far the life of a bus has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// In use.
    Open,
    /// Nothing new is taken; what is begun may end.
    Draining,
    /// Everything ends.
    Ending,
}

/// The task that owns the connections.
pub(super) struct Keeper {
    pub(super) address: Address,
    pub(super) options: BusOptions,
    pub(super) declarations: Declarations,
    pub(super) sessions: watch::Sender<Option<Arc<Session>>>,
    pub(super) status: watch::Sender<Status>,
    pub(super) stage: watch::Receiver<Stage>,
}

impl Keeper {
    /// Runs until the bus ends.
    pub(super) async fn run(self) {
        let mut backoff = Backoff::new(self.options.reconnect_first, self.options.reconnect_longest);
        let mut stage = self.stage.clone();
        let mut ending = pin!(reached(&mut stage, Stage::Ending));
        loop {
            let begun = tokio::select! {
                begun = Session::begin(&self.address, &self.options, self.declarations.clone()) => begun,
                () = &mut ending => break,
            };
            match begun {
                Ok(session) => {
                    if self.keep(session).await >= self.options.reconnect_longest {
                        backoff.reset();
                    }
                }
                Err(reason) => self.tell_down(reason),
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next(getrandom::u32().unwrap_or(0))) => {}
                () = &mut ending => break,
            }
        }
        self.status.send_replace(Status::Down("the bus is closed".to_owned()));
    }

    /// Lends the session to all until it is lost or the bus ends; returns how long it lived.
    async fn keep(&self, session: Session) -> Duration {
        let begin = Instant::now();
        let session = Arc::new(session);
        tracing::info!(broker.address = %self.address, "the broker is connected");
        self.sessions.send_replace(Some(session.clone()));
        self.status.send_replace(Status::Connected);
        let reason = self.watch(&session).await;
        self.tell_down(reason);
        self.sessions.send_replace(None);
        session.cut();
        begin.elapsed()
    }

    /// Watches it to its end and returns the reason.
    async fn watch(&self, session: &Session) -> String {
        let mut stage = self.stage.clone();
        let mut ending = pin!(reached(&mut stage, Stage::Ending));
        let mut publishing = events(session.publishing());
        let mut working = events(session.working());
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reason = "the connection ended".to_owned();
        while session.is_alive() {
            let event = tokio::select! {
                Some(event) = publishing.next() => event,
                Some(event) = working.next() => event,
                _ = look.tick() => continue,
                () = &mut ending => {
                    session.close().await;
                    return "the bus is closed".to_owned();
                }
            };
            match event {
                Event::ConnectionBlocked(reason) => self.tell_blocked(reason),
                Event::ConnectionUnblocked => self.tell_unblocked(),
                // It may be about a single channel, which its owner sees too.
                Event::Error(error) => reason = error.to_string(),
                _ => {}
            }
        }
        reason
    }

    fn tell_blocked(&self, reason: String) {
        tracing::warn!(broker.address = %self.address, reason, "the broker takes no messages");
        self.status.send_replace(Status::Blocked(reason));
    }

    fn tell_unblocked(&self) {
        tracing::info!(broker.address = %self.address, "the broker takes messages again");
        self.status.send_replace(Status::Connected);
    }

    /// Says it once for every reason.
    fn tell_down(&self, reason: String) {
        let down = Status::Down(reason);
        if *self.status.borrow() != down {
            tracing::warn!(broker.address = %self.address, "{down}");
            self.status.send_replace(down);
        }
    }
}

/// Returns when the bus has come so far, or nobody holds it any more.
pub(super) async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    // An error says that its sender is gone, and the bus with it.
    let _ = stage.wait_for(|stage| *stage >= wanted).await;
}

fn events(connection: &Connection) -> impl Stream<Item = Event> + Unpin {
    Box::pin(connection.events_listener())
}
