//! A store and a carrier for the phone's tests: a story told by steps, one second each.

use super::Carrier;
use super::handset::Handset;
use super::lines;
use super::query::DEFAULT_NUMBER;
use super::store::PhoneStore;
use async_trait::async_trait;
use http::StatusCode;
use ngoma_engine::directory::{Account, ChannelRecord, Directory};
use ngoma_engine::{Direction, MessageRecord, Readiness, SessionRecord, Status, TraceLine};
use ngoma_message::{Address, MessageId, SessionEvent, Timestamp};
use ngoma_web::AppError;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// That many seconds into the day of the tests, 2026-11-23.
pub fn at(second: u64) -> Timestamp {
    Timestamp::from_micros(1_795_420_800_000_000) + Duration::from_secs(second)
}

/// One account with a USSD code and an SMS number.
pub fn directory() -> Directory {
    let channel = |channel_type: &str, address: &str| ChannelRecord {
        channel_type: channel_type.to_owned(),
        address: Some(address.to_owned()),
        country: Some("ZA".to_owned()),
        ..ChannelRecord::default()
    };
    let mut demo = Account::default();
    demo.channels
        .insert("ussd".to_owned(), channel("ussd_http", "*120*8864#"));
    demo.channels.insert("sms".to_owned(), channel("http_json", "8864"));
    Directory {
        accounts: [("demo".to_owned(), demo)].into(),
    }
}

/// What happened to one person, as the store holds it.
#[derive(Clone, Default)]
pub struct Story {
    messages: Vec<MessageRecord>,
    session: Option<SessionRecord>,
    trace: Vec<TraceLine>,
}

impl Story {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The person dialled and saw this screen.
    pub fn dialled(self, screen: &str) -> Self {
        let mut story = self.dialled_in_vain();
        story.add("ussd", Direction::Outbound, Some(screen), Some(SessionEvent::Resume));
        story
    }

    /// The person dialled and nothing came back.
    pub fn dialled_in_vain(mut self) -> Self {
        self.session = Some(SessionRecord {
            key: "s1".to_owned(),
            channel: "ussd".to_owned(),
            address: Address::new("tel", DEFAULT_NUMBER),
            service: "clinic".to_owned(),
            is_open: true,
            started_at: at(58),
            last_at: at(60),
            expires_at: at(600),
        });
        self.add("ussd", Direction::Inbound, None, Some(SessionEvent::New));
        self
    }

    /// The service ended the session with this screen.
    pub fn ended(mut self, screen: &str) -> Self {
        self.add("ussd", Direction::Outbound, Some(screen), Some(SessionEvent::Close));
        self.close()
    }

    /// The person hung up.
    pub fn hung_up(self) -> Self {
        self.hanging_up().close()
    }

    /// The person hung up, and the service has not ended the session yet.
    pub fn hanging_up(mut self) -> Self {
        self.add("ussd", Direction::Inbound, None, Some(SessionEvent::Close));
        self
    }

    /// Nobody went on with the session.
    pub fn timed_out(mut self) -> Self {
        self.session = self.session.map(|session| SessionRecord {
            expires_at: at(99),
            ..session
        });
        self
    }

    /// The person got an SMS.
    pub fn sms_out(mut self, content: &str) -> Self {
        self.add("sms", Direction::Outbound, Some(content), None);
        self
    }

    /// The person sent an SMS.
    pub fn sms_in(mut self, content: &str) -> Self {
        self.add("sms", Direction::Inbound, Some(content), None);
        self
    }

    /// The message before last took this step.
    pub fn traced(mut self, step: &str, detail: &str) -> Self {
        self.trace.push(TraceLine {
            at: at(1),
            step: step.to_owned(),
            detail: detail.to_owned(),
        });
        self
    }

    /// The handset it happened to.
    pub fn handset(self) -> Handset {
        let directory = directory();
        let line = lines::find_ussd(&directory, "*120*8864#").expect("the code is in the directory above");
        Handset {
            number: Address::new("tel", DEFAULT_NUMBER),
            directory: Arc::new(directory),
            messages: self.messages,
            session: self.session.map(|session| (line, session)),
        }
    }

    fn close(mut self) -> Self {
        self.session = self.session.map(|session| SessionRecord {
            is_open: false,
            ..session
        });
        self
    }

    fn add(&mut self, channel: &str, direction: Direction, content: Option<&str>, event: Option<SessionEvent>) {
        let number = self.messages.len();
        let is_answer = direction == Direction::Outbound;
        self.messages.push(MessageRecord {
            id: MessageId::from(format!("m{number}")),
            account: "demo".to_owned(),
            channel: channel.to_owned(),
            service: Some("clinic".to_owned()),
            direction,
            address: Address::new("tel", DEFAULT_NUMBER),
            content: content.map(str::to_owned),
            session_key: event.is_some().then(|| "s1".to_owned()),
            session_event: event,
            in_reply_to: number
                .checked_sub(1)
                .filter(|_| is_answer)
                .map(|before| MessageId::from(format!("m{before}"))),
            status: if is_answer { Status::Delivered } else { Status::Handled },
            provider_id: None,
            created_at: at(number as u64),
            reason: None,
            possible_duplicate: false,
        });
    }
}

#[async_trait]
impl PhoneStore for Story {
    fn directory(&self) -> Arc<Directory> {
        Arc::new(directory())
    }

    async fn thread(&self, _: &str, _: &Address, _: usize) -> Result<Vec<MessageRecord>, AppError> {
        Ok(self.messages.clone())
    }

    async fn trace(&self, _: &str, _: &MessageId) -> Result<Vec<TraceLine>, AppError> {
        Ok(self.trace.clone())
    }

    async fn latest_session(&self, _: &str, _: &str, _: &Address) -> Result<Option<SessionRecord>, AppError> {
        Ok(self.session.clone())
    }

    async fn ready(&self) -> Result<Readiness, String> {
        Ok(Readiness::Ready)
    }
}

/// A carrier that notes what it carries and answers always the same status.
pub struct NotingCarrier {
    /// Paths and bodies, in order.
    pub carried: Mutex<Vec<(String, Value)>>,
    /// Told of each body.
    pub seen: tokio::sync::Notify,
    status: StatusCode,
}

impl NotingCarrier {
    /// A carrier whose channels answer with this status.
    pub fn answering(status: StatusCode) -> Arc<Self> {
        Arc::new(Self {
            carried: Mutex::default(),
            seen: tokio::sync::Notify::new(),
            status,
        })
    }
}

#[async_trait]
impl Carrier for NotingCarrier {
    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.carried
            .lock()
            .expect("no test panics while it holds this")
            .push((path.to_owned(), body));
        self.seen.notify_one();
        (self.status, Value::Null)
    }
}
