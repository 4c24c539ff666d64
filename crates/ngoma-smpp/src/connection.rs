//! A session on its link: one task that reads, writes and keeps the time, and a handle to send by.

use crate::CommandStatus;
use crate::link::Writer;
use crate::pdu::{Bind, BindResponse, MessageResponse, Operation, Outbind, ShortMessage};
use crate::session::{EndReason, Ended, Event, Grant, RequestError, Session, Ticket};
use crate::wire::EncodeError;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;

/// How much is read from a link at once, in octets.
const READ_AT_ONCE: usize = 16 * 1024;
/// How many asks wait for the task.
const ASKS: usize = 256;
/// How many of them are done before the link is looked at again.
const ASKS_AT_ONCE: usize = 64;

/// What a session's owner does with what comes.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Takes a message, and says what to answer. Returns only when it is safe: then the other side forgets it. Messages are
    /// begun in the order in which they came, and worked on side by side.
    async fn take(&self, operation: Operation, message: ShortMessage) -> Answer;

    /// Grants a bind, or refuses it. An ESME is never asked.
    async fn bind(&self, bind: &Bind) -> Result<Grant, CommandStatus> {
        let _ = bind;
        Err(CommandStatus::INVALID_COMMAND_ID)
    }

    /// The bind by which to answer an SMSC that asks for one (§2.2.1); nothing when it is none of ours: the session ends.
    async fn outbind(&self, outbind: &Outbind) -> Option<Bind> {
        let _ = outbind;
        None
    }

    /// The answer to a message that had been given up as [`Outcome::Unanswered`].
    async fn answered_late(&self, ticket: Ticket, answer: Answer) {
        let _ = (ticket, answer);
    }

    /// Something could not be read, or was not allowed: for the log.
    fn refused(&self, refused: &Refused) {
        let _ = refused;
    }
}

/// The answer to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was taken.
    pub status: CommandStatus,
    /// What else is said.
    pub response: MessageResponse,
}

impl Answer {
    /// It was taken, under this id; `deliver_sm` has none.
    pub fn taken(message_id: impl Into<String>) -> Self {
        Self {
            response: MessageResponse {
                message_id: message_id.into(),
                ..MessageResponse::default()
            },
            ..Self::default()
        }
    }

    /// It was not taken.
    pub fn refused(status: CommandStatus) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// Something that could not be read, or was not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What the other side was told; nothing for a response.
    pub status: Option<CommandStatus>,
    /// What is wrong.
    pub problem: String,
    /// Which operation it was.
    pub command_id: u32,
    /// What followed its header.
    pub body: Bytes,
}

impl Refused {
    /// What followed its header, for the log: numbers are masked.
    pub fn masked_hex(&self) -> String {
        crate::wire::masked_hex(self.command_id, &self.body)
    }
}

/// What became of a message that was to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered(Answer),
    /// It did not leave: it was not taken. The words say why.
    NotSent(String),
    /// It left and nothing came back: it may have been taken. A late answer names the ticket.
    Unanswered(Ticket, String),
}

/// Where a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is not bound yet.
    Opening,
    /// Messages go.
    Bound(BindResponse),
    /// It is over.
    Over(EndReason),
}

/// Sends by a session, from any task.
#[derive(Clone)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    places: Arc<Semaphore>,
    status: watch::Receiver<Status>,
}

enum Ask {
    Send {
        operation: Operation,
        message: Box<ShortMessage>,
        place: OwnedSemaphorePermit,
        outcome: oneshot::Sender<Outcome>,
    },
    Answer(u32, Answer),
    Bind(Result<Grant, CommandStatus>),
    Outbind(Option<Bind>),
    Unbind,
}

impl Handle {
    /// Where the session is.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Returns when it is bound; the reason when it ends before.
    pub async fn bound(&mut self) -> Result<BindResponse, EndReason> {
        let waiting = self.status.wait_for(|status| *status != Status::Opening).await;
        match waiting.map(|status| status.clone()) {
            Ok(Status::Bound(bound)) => Ok(bound),
            Ok(Status::Over(reason)) => Err(reason),
            Ok(Status::Opening) | Err(_) => Err(EndReason::LinkLost),
        }
    }

    /// Returns when it is over.
    pub async fn over(&mut self) -> EndReason {
        let waiting = self.status.wait_for(|status| matches!(status, Status::Over(_))).await;
        match waiting.map(|status| status.clone()) {
            Ok(Status::Over(reason)) => reason,
            _ => EndReason::LinkLost,
        }
    }

    /// How many more messages may go at once; none when the session is over.
    pub fn free(&self) -> usize {
        match self.places.is_closed() {
            true => 0,
            false => self.places.available_permits(),
        }
    }

    /// Returns when the window has room, or the session is over.
    pub async fn room(&self) {
        // Whoever sends next takes it.
        drop(self.places.acquire().await);
    }

    /// Sends a message, once, as soon as the window has room.
    pub async fn send(&self, operation: Operation, message: ShortMessage) -> Outcome {
        let gone = || Outcome::NotSent("the session is over".into());
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return gone();
        };
        let (outcome, answer) = oneshot::channel();
        let ask = Ask::Send {
            operation,
            message: Box::new(message),
            place,
            outcome,
        };
        match self.asks.send(ask).await {
            Ok(()) => answer.await.unwrap_or_else(|_| gone()),
            Err(_) => gone(),
        }
    }

    /// Ends the session in order: what was sent is still answered, and then it is unbound.
    pub async fn unbind(&self) {
        let _ = self.asks.send(Ask::Unbind).await;
    }
}

/// A session that is about to run on a link.
pub struct Connection<H> {
    session: Session,
    handler: Arc<H>,
    started: Instant,
    places: Arc<Semaphore>,
    asks: mpsc::Receiver<Ask>,
    /// Nobody has to hold a handle for the session to go on.
    _held: mpsc::Sender<Ask>,
    status: watch::Sender<Status>,
    sending: HashMap<Ticket, Sending>,
    /// The messages that the handler works on; begun in the order in which they came.
    taking: FuturesUnordered<BoxFuture<'static, Ask>>,
    /// Whether there is to be a session: nobody needs to know once the link is gone.
    granting: FuturesUnordered<BoxFuture<'static, Ask>>,
}

/// A message that is not answered yet.
struct Sending {
    outcome: oneshot::Sender<Outcome>,
    _place: OwnedSemaphorePermit,
}

impl<H: Handler> Connection<H> {
    /// A session of this role and with these limits; its moments count from now.
    pub fn new(role: crate::Role, config: crate::Config, handler: Arc<H>) -> (Self, Handle) {
        let (sender, asks) = mpsc::channel(ASKS);
        let (status, watched) = watch::channel(Status::Opening);
        let places = Arc::new(Semaphore::new(config.window));
        let handle = Handle {
            asks: sender.clone(),
            places: Arc::clone(&places),
            status: watched,
        };
        let connection = Self {
            session: Session::new(role, config, Duration::ZERO),
            handler,
            started: Instant::now(),
            places,
            asks,
            _held: sender,
            status,
            sending: HashMap::new(),
            taking: FuturesUnordered::new(),
            granting: FuturesUnordered::new(),
        };
        (connection, handle)
    }

    /// Asks to be bound, as soon as it runs.
    pub fn bind(&mut self, bind: &Bind) -> Result<(), RequestError> {
        let now = self.now();
        self.session.bind(bind, now)
    }

    /// Asks the other side to bind, as soon as it runs.
    pub fn outbind(&mut self, outbind: &Outbind) -> Result<(), RequestError> {
        self.session.outbind(outbind)
    }

    /// Runs until the session is over.
    pub async fn run(mut self, link: impl AsyncRead + AsyncWrite + Send) -> EndReason {
        let (mut reading, writing) = tokio::io::split(link);
        let mut writer = Writer::new(writing);
        let mut read = vec![0; READ_AT_ONCE];
        let mut asks = Vec::with_capacity(ASKS_AT_ONCE);
        let reason = loop {
            if let Some(reason) = self.tell() {
                break reason;
            }
            let due = self.session.next_deadline().map(|due| self.started + due);
            let may_read = self.session.may_read();
            let has_more = !self.session.outgoing().is_empty() || !writer.is_flushed();
            tokio::select! {
                count = reading.read(&mut read), if may_read => match count {
                    Ok(0) | Err(_) => self.session.link_lost(),
                    Ok(count) => {
                        let now = self.now();
                        self.session.received(&read[..count], now);
                    }
                },
                count = writer.carry(self.session.outgoing()), if has_more => match count {
                    Err(_) => self.session.link_lost(),
                    Ok(count) => {
                        let now = self.now();
                        self.session.written(count, now);
                    }
                },
                _ = self.asks.recv_many(&mut asks, ASKS_AT_ONCE) => {
                    for ask in asks.drain(..) {
                        self.do_ask(ask);
                    }
                }
                Some(ask) = self.taking.next(), if !self.taking.is_empty() => self.do_ask(ask),
                Some(ask) = self.granting.next(), if !self.granting.is_empty() => self.do_ask(ask),
                () = tokio::time::sleep_until(due.unwrap_or(self.started)), if due.is_some() => {
                    let now = self.now();
                    self.session.tick(now);
                }
            }
        };
        // What the handler has begun goes on meanwhile.
        drop(self);
        writer.shut_down().await;
        reason
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn do_ask(&mut self, ask: Ask) {
        let now = self.now();
        match ask {
            Ask::Send {
                operation,
                message,
                place,
                outcome,
            } => match self.session.send(operation, *message, now) {
                Ok(ticket) => {
                    let sending = Sending { outcome, _place: place };
                    self.sending.insert(ticket, sending);
                }
                Err(error) => {
                    let _ = outcome.send(Outcome::NotSent(error.to_string()));
                }
            },
            Ask::Answer(sequence, answer) => {
                let Answer { status, response } = answer;
                if self.session.answer(sequence, status, response, now).is_err() {
                    let unfit =
                        self.session
                            .answer(sequence, CommandStatus::SYSTEM_ERROR, MessageResponse::default(), now);
                    debug_assert_eq!(unfit, Ok(()), "it has no field");
                }
            }
            Ask::Bind(Ok(grant)) => self.accept_bind(&grant, now),
            Ask::Outbind(Some(bind)) if self.session.bind(&bind, now).is_ok() => {}
            Ask::Outbind(_) => self.session.unbind(now),
            Ask::Bind(Err(status)) => self.session.refuse_bind(status),
            Ask::Unbind => self.session.unbind(now),
        }
    }

    fn accept_bind(&mut self, grant: &Grant, now: Duration) {
        let before = self.session.window();
        match self.session.accept_bind(grant, crate::INTERFACE_VERSION, now) {
            Ok(Some(bound)) => {
                let window = self.session.window();
                self.places.add_permits(window.saturating_sub(before));
                self.places.forget_permits(before.saturating_sub(window));
                self.status.send_replace(Status::Bound(bound));
            }
            Ok(None) => {}
            Err(EncodeError { .. }) => self.session.refuse_bind(CommandStatus::SYSTEM_ERROR),
        }
    }

    /// Tells what happened; the reason when it is over.
    fn tell(&mut self) -> Option<EndReason> {
        while let Some(event) = self.session.poll() {
            match event {
                Event::Bound(bound) => {
                    self.status.send_replace(Status::Bound(bound));
                }
                Event::BindRequested(bind) => {
                    let handler = Arc::clone(&self.handler);
                    self.granting
                        .push(async move { Ask::Bind(handler.bind(&bind).await) }.boxed());
                }
                Event::Received {
                    sequence,
                    operation,
                    message,
                } => {
                    let handler = Arc::clone(&self.handler);
                    let work = async move { Ask::Answer(sequence, handler.take(operation, *message).await) };
                    self.taking.push(work.boxed());
                }
                Event::Answered {
                    ticket,
                    status,
                    response,
                } => self.end(ticket, |_| Outcome::Answered(Answer { status, response })),
                Event::TimedOut(ticket) => self.end(ticket, timed_out),
                Event::AnsweredLate {
                    ticket,
                    status,
                    response,
                } => {
                    let handler = Arc::clone(&self.handler);
                    tokio::spawn(async move { handler.answered_late(ticket, Answer { status, response }).await });
                }
                Event::Refused {
                    status,
                    problem,
                    command_id,
                    body,
                } => self.handler.refused(&Refused {
                    status,
                    problem,
                    command_id,
                    body,
                }),
                Event::Outbind(outbind) => {
                    let handler = Arc::clone(&self.handler);
                    self.granting
                        .push(async move { Ask::Outbind(handler.outbind(&outbind).await) }.boxed());
                }
                Event::Sent(_) | Event::Alert => {}
                Event::Ended(ended) => return Some(self.tell_end(ended)),
            }
        }
        None
    }
}

impl<H> Connection<H> {
    /// Tells only what became of messages.
    fn tell_outcomes(&mut self) {
        while let Some(event) = self.session.poll() {
            match event {
                Event::Answered {
                    ticket,
                    status,
                    response,
                } => self.end(ticket, |_| Outcome::Answered(Answer { status, response })),
                Event::TimedOut(ticket) => self.end(ticket, timed_out),
                Event::Ended(ended) => drop(self.tell_end(ended)),
                _ => {}
            }
        }
    }

    fn end(&mut self, ticket: Ticket, outcome: impl FnOnce(Ticket) -> Outcome) {
        if let Some(sending) = self.sending.remove(&ticket) {
            let _ = sending.outcome.send(outcome(ticket));
        }
    }

    fn tell_end(&mut self, ended: Ended) -> EndReason {
        let why = ended.reason.to_string();
        for ticket in ended.not_sent {
            self.end(ticket, |_| Outcome::NotSent(why.clone()));
        }
        for ticket in ended.unanswered {
            self.end(ticket, |ticket| Outcome::Unanswered(ticket, why.clone()));
        }
        self.granting.clear();
        self.places.close();
        self.status.send_replace(Status::Over(ended.reason));
        ended.reason
    }
}

/// A task that is cut off must not leave anybody in the belief that what has left was not sent.
impl<H> Drop for Connection<H> {
    fn drop(&mut self) {
        self.session.link_lost();
        self.tell_outcomes();
        // The messages that the handler has begun it ends, though nobody is told any more.
        let mut taking = std::mem::take(&mut self.taking);
        if let (false, Ok(runtime)) = (taking.is_empty(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { while taking.next().await.is_some() {} });
        }
    }
}

fn timed_out(ticket: Ticket) -> Outcome {
    Outcome::Unanswered(ticket, "no answer came in time".into())
}
