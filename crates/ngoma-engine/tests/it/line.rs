//! Channel types whose transports are this test.

use async_trait::async_trait;
use axum::Router;
use axum::routing::{get, post};
use ngoma_engine::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Description, Inbound, InboundSession, Outbound, ReceiveError,
    Received, SendError, SendErrorKind, Sent, Transport,
};
use ngoma_message::{Address, MessageId, Object, SessionEvent};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// The lines by `account/channel`.
pub type Lines = Arc<Mutex<HashMap<String, Arc<Line>>>>;

/// One open channel.
pub struct Line {
    pub ctx: ChannelContext,
    /// What the next sends bring; when it is empty they succeed.
    pub outcomes: Mutex<VecDeque<Result<Sent, SendError>>>,
    /// Whether sends never return.
    pub hangs: AtomicBool,
    /// Whether sends panic.
    pub panics: AtomicBool,
    /// When it is there, sends and the web hook `/turn` take one of its permits.
    pub gate: Mutex<Option<Arc<Semaphore>>>,
    sent: tokio::sync::Mutex<mpsc::UnboundedReceiver<Outbound>>,
    given_up: tokio::sync::Mutex<mpsc::UnboundedReceiver<(MessageId, String)>>,
}

/// A message that came by no session.
pub fn text(from: &str, content: &str) -> Inbound {
    Inbound {
        id: MessageId::generate(),
        provider_id: None,
        from: Address::new("tel", from),
        to: Address::new("tel", "100"),
        content: Some(content.into()),
        session: None,
        answer_within: None,
        transport_metadata: Object::new(),
    }
}

/// A turn of a session.
pub fn turn(from: &str, key: &str, event: &str, content: &str) -> Inbound {
    Inbound {
        session: Some(InboundSession {
            key: key.into(),
            event: SessionEvent::from(event),
        }),
        answer_within: Some(Duration::from_secs(5)),
        ..text(from, content)
    }
}

impl Line {
    pub async fn receive(&self, inbound: Inbound) -> Result<Received, ReceiveError> {
        self.ctx.door.receive(inbound).await
    }

    /// Hands a message in; it must be new.
    pub async fn take(&self, inbound: Inbound) -> MessageId {
        let id = inbound.id.clone();
        assert_eq!(self.receive(inbound).await.unwrap(), Received::Stored);
        id
    }

    /// The next message sent.
    pub async fn next_sent(&self) -> Outbound {
        self.sent.lock().await.recv().await.unwrap()
    }

    /// Whether something was sent that nobody has taken.
    pub fn has_sent(&self) -> bool {
        !self.sent.try_lock().unwrap().is_empty()
    }

    /// How many were sent that nobody has taken.
    pub fn sent_count(&self) -> usize {
        self.sent.try_lock().unwrap().len()
    }

    /// The next message given up, with the reason.
    pub async fn next_given_up(&self) -> (MessageId, String) {
        self.given_up.lock().await.recv().await.unwrap()
    }

    async fn pass_gate(&self) {
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
    }

    /// Lets the next sends end so.
    pub fn will(&self, kinds: &[SendErrorKind]) {
        let errors = kinds.iter().map(|kind| Err(SendError::new(*kind, "asked to")));
        self.outcomes.lock().unwrap().extend(errors);
    }
}

/// The channel type `fake_ussd` or `fake_sms`.
pub struct FakeType {
    pub code: &'static str,
    pub has_sessions: bool,
    pub lines: Lines,
}

impl ChannelType for FakeType {
    fn code(&self) -> &'static str {
        self.code
    }

    fn describe(&self) -> Description {
        Description {
            label: "Fake",
            help: "Nowhere.",
            transport_type: if self.has_sessions { "ussd" } else { "sms" },
            schemes: &["tel"],
            has_sessions: self.has_sessions,
            fields: vec![],
        }
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        if config.0.contains_key("wrong") {
            return Err(ConfigError::new("wrong", "is not a setting"));
        }
        let (sent, sent_end) = mpsc::unbounded_channel();
        let (given_up, given_up_end) = mpsc::unbounded_channel();
        let name = format!("{}/{}", ctx.account, ctx.channel);
        let line = Arc::new(Line {
            ctx,
            outcomes: Mutex::default(),
            hangs: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            gate: Mutex::default(),
            sent: tokio::sync::Mutex::new(sent_end),
            given_up: tokio::sync::Mutex::new(given_up_end),
        });
        self.lines.lock().unwrap().insert(name, Arc::clone(&line));
        Ok(Box::new(FakeTransport { line, sent, given_up }))
    }
}

struct FakeTransport {
    line: Arc<Line>,
    sent: mpsc::UnboundedSender<Outbound>,
    given_up: mpsc::UnboundedSender<(MessageId, String)>,
}

#[async_trait]
impl Transport for FakeTransport {
    fn routes(&self) -> Router {
        let line = Arc::clone(&self.line);
        let take_turn = async move || {
            line.pass_gate().await;
            line.take(turn("+1", "s", "new", "by the web")).await;
        };
        Router::new()
            .route("/turn", post(take_turn))
            .route(
                "/",
                get(|| async { "root" }).post(|body: axum::body::Bytes| async move { body.len().to_string() }),
            )
            .route(
                "/below/{id}",
                get(|axum::extract::Path(id): axum::extract::Path<String>| async { id }),
            )
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let outcome = self.line.outcomes.lock().unwrap().pop_front();
        let _ = self.sent.send(message.clone());
        self.line.pass_gate().await;
        assert!(!self.line.panics.load(Ordering::SeqCst), "asked to panic");
        if self.line.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        outcome.unwrap_or_else(|| Ok(Sent::default()))
    }

    async fn give_up(&self, message: &MessageId, reason: &str) {
        let _ = self.given_up.send((message.clone(), reason.to_owned()));
    }
}
