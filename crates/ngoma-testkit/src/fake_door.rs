//! The engine's side as a channel sees it, in memory: it records what comes and answers as told.

use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, Door, Inbound, LateAnswer, Noted, Receipt, ReceiptFor, ReceiveError, Received, Reported,
    SystemMessage,
};
use ngoma_engine::outgoing_http::{HttpClient, Reach};
use ngoma_engine::{AcceptError, FrozenClock};
use ngoma_message::{Country, Event, EventKind, MessageId, Object, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncGuard, Notify};

/// A door that keeps what it gets.
#[derive(Default)]
pub struct FakeDoor {
    book: Mutex<Book>,
    arrived: Notify,
    /// Held while nothing is stored.
    gate: AsyncMutex<()>,
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Book {
    inbound: Vec<Inbound>,
    taken: usize,
    by_provider_id: HashMap<String, MessageId>,
    receipts: Vec<Receipt>,
    reported: HashMap<String, Receipt>,
    answers: Vec<LateAnswer>,
    known: Vec<String>,
    holds_receipts: bool,
    refuses_answers: bool,
    fallbacks: Vec<Fallback>,
    submissions: Vec<(MessageId, SystemMessage)>,
    rejection: Option<AcceptError>,
    refusal: Option<ReceiveError>,
}

/// A fallback text that a channel recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The id it got.
    pub id: MessageId,
    /// The message it answers.
    pub in_reply_to: MessageId,
    /// The text.
    pub content: String,
    /// Whether the session ends with it.
    pub ends_session: bool,
    /// Why the channel answered by itself.
    pub reason: String,
}

impl FakeDoor {
    /// A door that takes everything.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The context of the South African channel `demo/line` with this address, which may call private networks.
    pub fn context(self: &Arc<Self>, address: Option<&str>) -> ChannelContext {
        self.context_reaching(address, Reach::Anywhere)
    }

    /// The same, with a client that reaches only there.
    pub fn context_reaching(self: &Arc<Self>, address: Option<&str>, reach: Reach) -> ChannelContext {
        ChannelContext {
            account: "demo".to_owned(),
            channel: "line".to_owned(),
            address: address.map(str::to_owned),
            country: Country::parse("ZA"),
            clock: Arc::new(FrozenClock::at(Timestamp::from_micros(1_795_000_000_000_000))),
            http: HttpClient::new(reach),
            door: Arc::clone(self) as Arc<dyn Door>,
        }
    }

    /// Waits for the next message that was stored; each is returned once.
    pub async fn next_inbound(&self) -> Inbound {
        loop {
            let arrived = self.arrived.notified();
            if let Some(inbound) = self.book().take_next() {
                return inbound;
            }
            arrived.await;
        }
    }

    /// Every message stored so far.
    pub fn inbound(&self) -> Vec<Inbound> {
        self.book().inbound.clone()
    }

    /// Every receipt that was recorded.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.book().receipts.clone()
    }

    /// Every late answer that was recorded.
    pub fn answers(&self) -> Vec<LateAnswer> {
        self.book().answers.clone()
    }

    /// Every fallback text that was recorded.
    pub fn fallbacks(&self) -> Vec<Fallback> {
        self.book().fallbacks.clone()
    }

    /// Every message that a system handed over, with the id it got.
    pub fn submissions(&self) -> Vec<(MessageId, SystemMessage)> {
        self.book().submissions.clone()
    }

    /// From now on what systems hand over is refused with this error; `None` takes it again.
    pub fn reject(&self, error: Option<AcceptError>) {
        self.book().rejection = error;
    }

    /// From now on receipts that name this message (our id or the provider's) find one.
    pub fn knows(&self, id: &str) {
        self.book().known.push(id.to_owned());
    }

    /// From now on receipts that find no message are held, as the engine does.
    pub fn holds_receipts(&self) {
        self.book().holds_receipts = true;
    }

    /// Nothing is stored while the guard is held.
    pub async fn close_gate(&self) -> AsyncGuard<'_, ()> {
        self.gate.lock().await
    }

    /// How many messages wait to be stored.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// From now on late answers find the store away, or not.
    pub fn refuse_answers(&self, are_refused: bool) {
        self.book().refuses_answers = are_refused;
    }

    /// From now on everything is refused with this error; `None` takes everything again.
    pub fn refuse(&self, error: Option<ReceiveError>) {
        self.book().refusal = error;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn take_next(&mut self) -> Option<Inbound> {
        let next = self.inbound.get(self.taken).cloned()?;
        self.taken += 1;
        Some(next)
    }

    fn check_open(&self) -> Result<(), ReceiveError> {
        self.refusal.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Door for FakeDoor {
    async fn receive(&self, inbound: Inbound) -> Result<Received, ReceiveError> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        drop(self.gate.lock().await);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let mut book = self.book();
        book.check_open()?;
        if let Some(provider_id) = &inbound.provider_id {
            if let Some(first) = book.by_provider_id.get(provider_id) {
                return Ok(Received::Duplicate(first.clone()));
            }
            book.by_provider_id.insert(provider_id.clone(), inbound.id.clone());
        }
        book.inbound.push(inbound);
        self.arrived.notify_waiters();
        Ok(Received::Stored)
    }

    async fn report(&self, receipt: Receipt) -> Result<Reported, ReceiveError> {
        let mut book = self.book();
        book.check_open()?;
        let about = match &receipt.about {
            ReceiptFor::MessageId(id) => id.to_string(),
            ReceiptFor::ProviderId(id) => id.clone(),
        };
        if !book.known.contains(&about) {
            return match book.holds_receipts {
                true => Ok(Reported::Held),
                false => Err(ReceiveError::UnknownMessage),
            };
        }
        if book.reported.contains_key(&about) {
            return Ok(Reported::Unchanged);
        }
        let event = event_of(&about, &receipt);
        book.reported.insert(about, receipt.clone());
        book.receipts.push(receipt);
        Ok(Reported::Recorded(Box::new(event)))
    }

    async fn answer(&self, answer: LateAnswer) -> Result<Reported, ReceiveError> {
        let mut book = self.book();
        book.check_open()?;
        if book.refuses_answers {
            return Err(ReceiveError::Unavailable("the store is away".into()));
        }
        if !book.known.contains(&answer.message.to_string()) {
            return Err(ReceiveError::UnknownMessage);
        }
        book.answers.push(answer);
        Ok(Reported::Unchanged)
    }

    async fn submit(&self, message: SystemMessage) -> Result<MessageId, AcceptError> {
        let mut book = self.book();
        if let Some(error) = &book.rejection {
            return Err(error.clone());
        }
        let id = MessageId::generate();
        book.submissions.push((id.clone(), message));
        Ok(id)
    }

    async fn noted(&self, message: &MessageId) -> Result<Option<Noted>, ReceiveError> {
        let book = self.book();
        book.check_open()?;
        let asked = book.inbound.iter().find(|inbound| inbound.id == *message);
        Ok(asked.map(|asked| Noted {
            provider_id: asked.provider_id.clone(),
            transport_metadata: asked.transport_metadata.clone(),
        }))
    }

    async fn record_fallback(
        &self,
        in_reply_to: &MessageId,
        content: &str,
        ends_session: bool,
        reason: &str,
    ) -> Result<MessageId, ReceiveError> {
        let mut book = self.book();
        book.check_open()?;
        let fallback = Fallback {
            id: MessageId::generate(),
            in_reply_to: in_reply_to.clone(),
            content: content.to_owned(),
            ends_session,
            reason: reason.to_owned(),
        };
        book.fallbacks.push(fallback.clone());
        Ok(fallback.id)
    }
}

fn event_of(about: &str, receipt: &Receipt) -> Event {
    Event {
        id: MessageId::generate(),
        timestamp: Timestamp::from_micros(0),
        message_id: about.into(),
        kind: EventKind::DeliveryReport(receipt.status),
        routing_metadata: Object::new(),
        helper_metadata: Object::new(),
        extra: Object::new(),
    }
}
