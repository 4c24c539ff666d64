//! What a channel type is: it describes its settings, opens a transport, and the transport carries messages.

mod systems;

pub use systems::{EndReports, Report, ReportedStatus, Reports, SystemMessage};

use crate::clients::AcceptError;
use crate::clock::Clock;
use crate::outgoing_http::HttpClient;
use crate::vumi_bus::Peer;
use async_trait::async_trait;
use axum::Router;
use ngoma_message::text::{self, Measure};
use ngoma_message::{Address, Country, DeliveryStatus, Event, MessageId, Object, SessionEvent, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// A kind of channel, such as `ussd_http`.
pub trait ChannelType: Send + Sync {
    /// The name used in configuration.
    fn code(&self) -> &'static str;
    /// What it is and which settings it takes.
    fn describe(&self) -> Description;
    /// What a channel with these settings is, where that depends on them.
    fn describe_as(&self, config: &Config) -> Description {
        let _ = config;
        self.describe()
    }
    /// What no other channel of this type may have, in any account, with the name of its setting: that by which the others
    /// find it.
    fn claims(&self, config: &Config) -> Option<(&'static str, String)> {
        let _ = config;
        None
    }

    /// Whether an account's own systems speak by it: a relay stands for them.
    fn serves_systems(&self) -> bool {
        false
    }

    /// Opens a channel of this type. Checks the settings; touches no network.
    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError>;
}

/// The running part of a channel.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Its web hooks; the host mounts them under `/c/<account>/<channel>`.
    fn routes(&self) -> Router {
        Router::new()
    }

    /// Holds long connections until told to stop.
    async fn run(&self, mut stop: Shutdown) -> Result<(), ChannelDown> {
        stop.requested().await;
        Ok(())
    }

    /// Whether the channel it takes the place of goes on until this one is ready: the carrier allows both at once.
    fn makes_before_break(&self) -> bool {
        false
    }

    /// Whether who gets a message does not mind it coming again: then one that may have been sent is sent again.
    fn may_repeat(&self) -> bool {
        false
    }

    /// Whether a message that says of itself how it is written goes out so: a part of a text that somebody else cut, or
    /// what is no text.
    fn sends_as_written(&self) -> bool {
        false
    }

    /// Returns when a message could go to the carrier at once: there is a link, and its window has room. The engine waits
    /// for this before it records an attempt, so that what is cut off meanwhile was surely not sent. A transport that
    /// gives up waiting, or is told to stop, returns too; then `send` says what is wrong.
    async fn ready(&self) {}

    /// How long a text is on the air, as this channel writes it.
    fn measure(&self, text: &str) -> Measure {
        text::measure(text)
    }

    /// What this channel writes differently of a text, in words for the trace; nothing when it writes it as it is.
    fn rewrites(&self, text: &str) -> Option<String> {
        let _ = text;
        None
    }

    /// The texts of the parts a message goes out in, when it does not go whole. Each is given to `send` with a header, one
    /// after the other; those that were taken never again, however often the others are tried.
    fn parts(&self, message: &Outbound) -> Vec<String> {
        let _ = message;
        Vec::new()
    }

    /// Hands one message to the carrier, once. Never retries: it says what kind of error it met.
    async fn send(&self, message: &Outbound) -> Result<Sent, SendError>;

    /// The worker on the other side of a Vumi bus, if one is watched.
    fn peer(&self) -> Option<Arc<Peer>> {
        None
    }

    /// Tells that no service will answer this inbound message (it failed, is missing, nothing routes to it), so that
    /// a person who waits can be answered at once with the channel's own text.
    async fn give_up(&self, message: &MessageId, reason: &str) {
        let _ = (message, reason);
    }
}

/// What a channel type tells about itself.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name for people.
    pub label: &'static str,
    /// One sentence: what it connects to.
    pub help: &'static str,
    /// Vumi's `transport_type`: `ussd`, `sms`.
    pub transport_type: &'static str,
    /// The address schemes it carries.
    pub schemes: &'static [&'static str],
    /// Whether its messages belong to sessions.
    pub has_sessions: bool,
    /// Its settings, in the order of the form.
    pub fields: Vec<Field>,
}

/// One setting of a channel type.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key in `config`.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it does, with units and an example.
    pub help: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether the channel cannot open without it.
    pub required: bool,
}

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// Text that is never shown again.
    Secret,
    /// A duration such as `5s`.
    Duration,
    /// An http or https address.
    Url,
    /// True or false.
    Flag,
    /// A whole number, 0 or more.
    Number,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several texts.
    List,
    /// Texts by names.
    Map,
}

/// A channel's settings as written, with typed readers that name the field at fault.
#[derive(Clone, Debug, Default)]
pub struct Config(pub Object);

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("config.{field}: {problem}")]
pub struct ConfigError {
    /// The setting.
    pub field: String,
    /// What is wrong and what is expected.
    pub problem: String,
}

impl ConfigError {
    /// The setting and what is wrong with it.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// What a transport may use: its name, the time, a guarded HTTP client, and the engine's door for what arrives.
#[derive(Clone)]
pub struct ChannelContext {
    /// The account it belongs to.
    pub account: String,
    /// Its name within the account.
    pub channel: String,
    /// The channel's own address: a short code, a USSD code.
    pub address: Option<String>,
    /// The country of national numbers.
    pub country: Option<Country>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Calls to the outside; private networks are refused unless the channel's config allows them.
    pub http: HttpClient,
    /// The engine's side.
    pub door: Arc<dyn Door>,
}

/// What the engine does for a transport.
#[async_trait]
pub trait Door: Send + Sync {
    /// Takes a message from the network. Returns only when it is durable: then the sender may be answered.
    async fn receive(&self, inbound: Inbound) -> Result<Received, ReceiveError>;
    /// Takes a delivery receipt. Returns only when it is durable.
    async fn report(&self, receipt: Receipt) -> Result<Reported, ReceiveError>;
    /// Takes what the carrier said of a message that was handed on. Returns only when it is durable; there is no spool for
    /// it: whoever brings it keeps it while the store is away.
    async fn answer(&self, answer: LateAnswer) -> Result<Reported, ReceiveError>;
    /// Takes a message that one of the account's own systems hands over for somebody. Returns its id only when it is
    /// durable: then the system may forget it.
    async fn submit(&self, message: SystemMessage) -> Result<MessageId, AcceptError>;
    /// What the channel noted with a message it handed in; nothing when it is not one of its messages.
    async fn noted(&self, message: &MessageId) -> Result<Option<Noted>, ReceiveError>;
    /// Records a text the channel itself gave in answer to a message whose service was late, failed or missing.
    /// Returns its id only when it is durable.
    async fn record_fallback(
        &self,
        in_reply_to: &MessageId,
        content: &str,
        ends_session: bool,
        reason: &str,
    ) -> Result<MessageId, ReceiveError>;
}

/// A message as a transport decoded it.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The id it will have: the transport makes it, so that it can wait for the answer.
    pub id: MessageId,
    /// The provider's id, for dropping duplicates. A message without one is known again by what it says.
    pub provider_id: Option<String>,
    /// When it was sent, if the provider says so: it keeps apart two messages that say the same.
    pub sent_at: Option<Timestamp>,
    /// Which part of a long text it is; nothing when it is a text of its own.
    pub part: Option<PartHeader>,
    /// Who sent it.
    pub from: Address,
    /// Whom it is for: the channel's address.
    pub to: Address,
    /// The text.
    pub content: Option<String>,
    /// The gateway's session id and the place in it.
    pub session: Option<InboundSession>,
    /// The latest moment an answer is of use; `None` when it never is too late. From the moment of receipt.
    pub answer_within: Option<Duration>,
    /// What the channel notes for the service.
    pub transport_metadata: Object,
}

/// The concatenation header of a part: which text it is of, and its place there (3GPP TS 23.040 §9.2.3.24.1 and .8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartHeader {
    reference: u16,
    total: u8,
    number: u8,
}

impl PartHeader {
    /// The sender's number of the text, how many parts it has, and which one this is, from 1. Nothing when there can be
    /// no such part: then what it heads is a text of its own.
    pub fn new(reference: u16, total: u8, number: u8) -> Option<Self> {
        (1..=total).contains(&number).then_some(Self {
            reference,
            total,
            number,
        })
    }

    /// The sender's number of the text.
    pub fn reference(self) -> u16 {
        self.reference
    }

    /// How many parts the text has.
    pub fn total(self) -> u8 {
        self.total
    }

    /// Which of them this is, from 1.
    pub fn number(self) -> u8 {
        self.number
    }
}

/// The session part of an inbound message.
#[derive(Clone, Debug)]
pub struct InboundSession {
    /// The gateway's id of the session.
    pub key: String,
    /// Where in it this message stands.
    pub event: SessionEvent,
}

/// What became of an inbound message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is in the store under the id it brought.
    Stored,
    /// It came before: the id it has had since.
    Duplicate(MessageId),
    /// It is a part, and is in the store until the others are: no message has the id it brought.
    Held,
}

/// Why a message could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// The store does not take it now (full disk, closing down): the sender should try again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The message the report or answer is about is not known.
    #[error("no such message")]
    UnknownMessage,
}

/// A delivery receipt as a transport decoded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which message it is about.
    pub about: ReceiptFor,
    /// What became of it.
    pub status: DeliveryStatus,
    /// Why, in the carrier's words.
    pub reason: Option<String>,
}

/// How a receipt names its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptFor {
    /// By our id.
    MessageId(MessageId),
    /// By the id the provider gave it.
    ProviderId(String),
}

/// What a receipt did.
#[derive(Clone, Debug, PartialEq)]
pub enum Reported {
    /// The event that was stored.
    Recorded(Box<Event>),
    /// The message had this status, or a later one, already: noted, nothing changed.
    Unchanged,
    /// No message is known by that id yet, or the store is away: the receipt is kept and counts as soon as it can.
    Held,
}

/// A message on its way out.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Our id.
    pub id: MessageId,
    /// Whom it is for.
    pub to: Address,
    /// Who it is from: the channel's address.
    pub from: Option<Address>,
    /// The text.
    pub content: String,
    /// The whole text, when this is a part of it.
    pub whole: Option<Arc<str>>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// The place in the session: resume or close on session channels.
    pub session_event: Option<SessionEvent>,
    /// How often it was tried before.
    pub attempts: u32,
    /// Which part of it this is, of those [`Transport::parts`] gave; the header stays the same however often it is tried.
    pub part: Option<PartHeader>,
    /// What its service noted with it.
    pub helper_metadata: Object,
}

/// The carrier took it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The id the provider gave it.
    pub provider_id: Option<String>,
}

/// What the carrier said of a message that was [handed on](SendErrorKind::HandedOn) before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateAnswer {
    /// Our id of the message.
    pub message: MessageId,
    /// What sending it brought: the carrier took it, or refused it with these words.
    pub result: Result<Sent, String>,
    /// Where the id was read: carriers write it in one base here and in another there.
    pub told_in: ToldIn,
}

/// In what a carrier told a message's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToldIn {
    /// In its answer.
    #[default]
    Answer,
    /// In a receipt: the answer was lost.
    Receipt,
}

/// What a channel noted with a message that it handed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noted {
    /// The provider's id.
    pub provider_id: Option<String>,
    /// The rest.
    pub transport_metadata: Object,
}

/// The carrier did not take it, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// What the engine acts on.
    pub kind: SendErrorKind,
    /// The cause in words, for the trace.
    pub reason: String,
}

impl SendError {
    /// An error of this kind.
    pub fn new(kind: SendErrorKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
        }
    }
}

/// The kinds of sending errors; the engine decides what follows from each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendErrorKind {
    /// The carrier is not reachable or answers "later": try again after a while; nothing was sent.
    Temporary,
    /// There is no line to the carrier: try again, the attempt does not count; nothing was sent.
    Unreachable,
    /// The carrier asks for a slower pace: try again, the attempt does not count.
    Throttled,
    /// The carrier refuses this message for good.
    Permanent,
    /// The channel's own settings are wrong (credentials, address): for good, and someone must act.
    Misconfigured,
    /// It went out and no answer came: it may have been sent.
    Ambiguous,
    /// What carries it on has it safely, and [`Door::answer`] tells later what the carrier said.
    HandedOn,
    /// Nobody waits for this answer any more: it is recorded, not sent.
    TooLate,
}

/// A long connection ended for good.
#[derive(Debug, Clone, thiserror::Error)]
#[error("channel down: {0}")]
pub struct ChannelDown(pub String);

/// Tells a transport to stop.
#[derive(Clone, Debug)]
pub struct Shutdown(tokio::sync::watch::Receiver<bool>);

impl Shutdown {
    /// The sender's and the listener's end.
    pub fn new() -> (tokio::sync::watch::Sender<bool>, Self) {
        let (sender, receiver) = tokio::sync::watch::channel(false);
        (sender, Self(receiver))
    }

    /// Whether stopping was asked for.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when stopping was asked for.
    pub async fn requested(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
