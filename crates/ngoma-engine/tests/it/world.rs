//! An engine on a folder of its own, with its clock, services and lines in the test's hands.

use crate::line::{FakeType, Line, Lines};
use crate::script::Script;
use ngoma_engine::channel::ChannelType;
use ngoma_engine::directory::{AccountDocument, ChannelPolicy, ChannelRecord, Document, Route, ServiceDocument};
use ngoma_engine::service::Bundle;
use ngoma_engine::{
    Direction, Engine, EngineOptions, FrozenClock, Limits, MessageRecord, QueueChoice, Status, StoreChoice, StoreError,
};
use ngoma_message::{Address, MessageId, Object, Timestamp};
use ngoma_testkit::carrier::{Carrier, FakeCarrier};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How long a test waits for what must happen before it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub folder: TempDir,
    pub clock: Arc<FrozenClock>,
    pub script: Arc<Script>,
    pub lines: Lines,
    pub limits: Limits,
    pub store: StoreChoice,
    pub queue: QueueChoice,
    /// The carrier of channels of the type `fake_carrier`, where there is one.
    pub carrier: Option<Carrier>,
    engine: Option<Arc<Engine>>,
}

/// The store of a new world: a SQLite file, or an empty PostgreSQL database where `NGOMA_TEST_STORE` says `postgres`.
fn store() -> StoreChoice {
    if !World::is_on_postgres() {
        return StoreChoice::Sqlite;
    }
    StoreChoice::Postgres(ngoma_testkit::servers::postgres().database().url().to_owned())
}

/// Something that must happen soon.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it does not happen")
}

impl World {
    /// A started engine with the account `demo` of [`demo`].
    pub async fn new() -> Self {
        let mut world = Self::empty();
        world.open().await;
        world.engine().apply(demo("demo")).await.unwrap();
        world
    }

    /// A folder and no engine yet.
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(FrozenClock::at(Timestamp::parse("2026-11-23 08:30:00").unwrap())),
            script: Script::new(),
            lines: Lines::default(),
            limits: Limits {
                lease_wait: Duration::ZERO,
                reserve_bytes: 1 << 16,
                ..Limits::default()
            },
            store: store(),
            queue: QueueChoice::default(),
            carrier: None,
            engine: None,
        }
    }

    pub fn options(&self) -> EngineOptions {
        let fake = |code, has_sessions| -> Box<dyn ChannelType> {
            Box::new(FakeType {
                code,
                has_sessions,
                lines: Arc::clone(&self.lines),
            })
        };
        let mut types = vec![fake("fake_ussd", true), fake("fake_sms", false)];
        if let Some(carrier) = &self.carrier {
            types.push(Box::new(FakeCarrier(carrier.clone())));
        }
        let mut options = EngineOptions::new(self.clock.clone(), self.script.clone(), types);
        options.limits = self.limits.clone();
        options.store = self.store.clone();
        options.queue = self.queue.clone();
        options
    }

    /// Whether this run's worlds are on PostgreSQL: what only a SQLite file has is then not looked at.
    pub fn is_on_postgres() -> bool {
        std::env::var_os("NGOMA_TEST_STORE").is_some_and(|store| store == "postgres")
    }

    /// Opens and starts an engine on the folder.
    pub async fn open(&mut self) {
        let engine = Engine::open(self.path(), self.options()).await.unwrap();
        engine.start().await;
        self.engine = Some(engine);
    }

    /// Ends the engine where it stands and starts another on the same folder.
    pub async fn restart(&mut self) {
        self.end();
        self.open().await;
    }

    /// Ends the engine where it stands.
    pub fn end(&mut self) {
        self.engine = None;
        self.script.forget_ports();
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().unwrap()
    }

    pub fn line(&self, name: &str) -> Arc<Line> {
        Arc::clone(&self.lines.lock().unwrap()[name])
    }

    /// Moves the clock, and lets the engine see it.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.engine().look_for_due_work();
    }

    /// The messages of a person, once the store answers.
    pub async fn thread(&self, account: &str, person: &str) -> Vec<MessageRecord> {
        let address = Address::new("tel", person);
        let reading = async {
            loop {
                match self.engine().thread(account, &address, 1000).await {
                    Ok(thread) => return thread,
                    Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        soon(reading).await
    }

    /// Each message of a person as `in received text` or `out sent text`.
    pub async fn story(&self, person: &str) -> Vec<String> {
        let line = |message: &MessageRecord| {
            let way = if message.direction == Direction::Inbound {
                "in"
            } else {
                "out"
            };
            format!("{way} {} {}", message.status, message.content.as_deref().unwrap_or("-"))
        };
        self.thread("demo", person).await.iter().map(line).collect()
    }

    /// Waits until a person's messages are so.
    pub async fn check_story(&self, person: &str, expected: &[&str]) {
        let mut story = self.story(person).await;
        let reached = async {
            while story != expected {
                tokio::task::yield_now().await;
                story = self.story(person).await;
            }
        };
        if tokio::time::timeout(PATIENCE, reached).await.is_err() {
            assert_eq!(self.story(person).await, expected);
        }
    }

    /// Waits until the first message of a person is handled.
    pub async fn check_handled(&self, person: &str) {
        let first = self.thread("demo", person).await[0].id.clone();
        self.reaches(person, &first, Status::Handled).await;
    }

    /// Waits until the message has this status.
    pub async fn reaches(&self, person: &str, id: &MessageId, status: Status) -> MessageRecord {
        soon(async {
            loop {
                let thread = self.thread("demo", person).await;
                if let Some(message) = thread
                    .into_iter()
                    .find(|message| message.id == *id && message.status == status)
                {
                    return message;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// The trace of a message as `step: detail` lines.
    pub async fn trace(&self, id: &MessageId) -> String {
        let lines = self.engine().trace("demo", id).await.unwrap();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| format!("{}: {}", line.step, line.detail))
            .collect();
        lines.join("\n")
    }

    pub async fn has_traced(&self, id: &MessageId, detail: &str) {
        let trace = self.trace(id).await;
        assert!(trace.contains(detail), "{detail} is not in\n{trace}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until it is so.
pub async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// An account with a USSD channel and an SMS channel, both routed to the service `clinic`.
pub fn demo(account: &str) -> Document {
    let channel = |code: &str, address: &str| ChannelRecord {
        channel_type: code.into(),
        address: Some(address.into()),
        country: Some("ZA".into()),
        config: Object::new(),
        policy: ChannelPolicy::default(),
    };
    let declared = AccountDocument {
        channels: BTreeMap::from([
            ("sms".to_owned(), channel("fake_sms", "100")),
            ("ussd".to_owned(), channel("fake_ussd", "*120#")),
        ]),
        services: BTreeMap::from([("clinic".to_owned(), service("one"))]),
        routes: Some(vec![route("ussd", "clinic"), route("sms", "clinic")]),
        webhook: None,
        policy: None,
    };
    Document {
        accounts: BTreeMap::from([(account.to_owned(), declared)]),
    }
}

pub fn service(hash: &str) -> ServiceDocument {
    ServiceDocument {
        kind: "script".into(),
        config: Object::new(),
        http_allow: None,
        helper_metadata: Vec::new(),
        wants_events: false,
        bundle: Bundle {
            hash: hash.into(),
            main: "main.js".into(),
            files: BTreeMap::from([("main.js".to_owned(), hash.as_bytes().to_vec())]),
        },
    }
}

pub fn route(channel: &str, service: &str) -> Route {
    Route {
        channel: channel.into(),
        service: service.into(),
        ..Route::default()
    }
}
