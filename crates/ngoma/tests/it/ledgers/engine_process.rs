//! An engine with the carrier behind its `Transport`, as a process of its own: this test binary, run again with a setting.
//! The carrier and its ledger stay in the process of the test, so that only the engine is killed.

use super::scene::WINDOW;
use crate::program::path_text;
use async_trait::async_trait;
use ngoma_engine::directory::{AccountDocument, ChannelPolicy, ChannelRecord, Document, Route, ServiceDocument};
use ngoma_engine::service::{
    Bundle, Ports, Reply, ServiceError, ServiceKey, ServiceRunner, Step, StepInput, StepOutcome,
};
use ngoma_engine::{Engine, EngineOptions, OnAmbiguous, StoreChoice, SystemClock};
use ngoma_message::Object;
use ngoma_testkit::NgomaProcess;
use ngoma_testkit::carrier::LinkedCarrier;
use ngoma_testkit::process::free_port;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What makes a run of this test binary such a process.
const SETTING: &str = "NGOMA_TEST_ENGINE";
/// The test that becomes the process.
const TEST: &str = "ledgers::engine_process::an_engine_runs_where_one_is_asked_for";

/// How the engine is opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Setting {
    data: PathBuf,
    port: u16,
    /// The address of the carrier's links.
    carrier: String,
    /// A PostgreSQL database; nothing for a SQLite file.
    database: Option<String>,
    worker_lease: Duration,
}

/// The process, from outside.
pub struct EngineProcess {
    pub process: NgomaProcess,
    setting: Setting,
    _folder: TempDir,
}

impl EngineProcess {
    pub async fn start(carrier: &str, database: Option<String>, worker_lease: Duration) -> Self {
        Self::start_by(&[], carrier, database, worker_lease).await
    }

    /// The same, started by a program that runs others.
    pub async fn start_by(runner: &[&str], carrier: &str, database: Option<String>, worker_lease: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setting = Setting {
            data: folder.path().to_owned(),
            port: free_port().unwrap(),
            carrier: carrier.to_owned(),
            database,
            worker_lease,
        };
        Self {
            process: launch(runner, &setting).await,
            setting,
            _folder: folder,
        }
    }

    pub async fn start_again(&mut self) {
        self.process = launch(&[], &self.setting).await;
    }

    /// What lets a client in.
    pub fn token(&self) -> String {
        std::fs::read_to_string(token_file(&self.setting.data)).unwrap()
    }
}

async fn launch(runner: &[&str], setting: &Setting) -> NgomaProcess {
    let program = std::env::current_exe().unwrap();
    let mut words = runner
        .iter()
        .copied()
        .chain([path_text(&program), "--exact", TEST, "--nocapture"]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command.env(SETTING, serde_json::to_string(setting).unwrap());
    let started = NgomaProcess::start_command(setting.port, command, &setting.data);
    started.await.unwrap()
}

fn token_file(data: &Path) -> PathBuf {
    data.join("token")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_runs_where_one_is_asked_for() {
    let Ok(setting) = std::env::var(SETTING) else { return };
    let setting: Setting = serde_json::from_str(&setting).unwrap();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let types: Vec<Box<dyn ngoma_engine::channel::ChannelType>> = vec![Box::new(LinkedCarrier(setting.carrier))];
    let mut options = EngineOptions::new(Arc::new(SystemClock), Arc::new(Answers), types);
    options.store = setting.database.map_or(StoreChoice::Sqlite, StoreChoice::Postgres);
    options.limits = options.limits.with_worker_lease(setting.worker_lease);
    let engine = Engine::open(&setting.data, options).await.unwrap();
    let token_file = token_file(&setting.data);
    if !token_file.exists() {
        engine.apply(document()).await.unwrap();
        let token = engine.create_token("test", "the test").await.unwrap().unwrap();
        std::fs::write(token_file, token).unwrap();
    }
    engine.start().await;
    let routes =
        ngoma_console::messages::api::router(engine.clone()).merge(ngoma_console::router(engine.clone(), None));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", setting.port))
        .await
        .unwrap();
    let served = axum::serve(listener, routes).into_future();
    let _ = tokio::join!(served, take_over(&engine, setting.worker_lease / 2));
}

async fn take_over(engine: &Engine, every: Duration) {
    let mut turns = tokio::time::interval(every);
    loop {
        turns.tick().await;
        // A database that is away is asked again in the next turn.
        let _ = engine.free_leases_of_the_dead().await;
    }
}

fn document() -> Document {
    let channel = ChannelRecord {
        channel_type: "linked_carrier".into(),
        address: Some("8864".into()),
        country: Some("ZA".into()),
        policy: ChannelPolicy {
            on_ambiguous: OnAmbiguous::Resend,
            resend_after: Some(2),
            window: Some(WINDOW),
            ..ChannelPolicy::default()
        },
        ..ChannelRecord::default()
    };
    let service = ServiceDocument {
        kind: "script".into(),
        config: Object::new(),
        http_allow: None,
        helper_metadata: Vec::new(),
        wants_events: false,
        bundle: Bundle {
            hash: "one".into(),
            main: "main.js".into(),
            files: BTreeMap::from([("main.js".to_owned(), Vec::new())]),
        },
    };
    let route = Route {
        channel: "sms".into(),
        service: "light".into(),
        ..Route::default()
    };
    let account = AccountDocument {
        policy: None,
        webhook: None,
        channels: BTreeMap::from([("sms".to_owned(), channel)]),
        services: BTreeMap::from([("light".to_owned(), service)]),
        routes: Some(vec![route]),
    };
    Document {
        accounts: BTreeMap::from([("test".to_owned(), account)]),
    }
}

/// A service that answers each message.
struct Answers;

#[async_trait]
impl ServiceRunner for Answers {
    async fn try_out(&self, _: Arc<Bundle>) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn load(&self, _: &ServiceKey, _: Arc<Bundle>) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn unload(&self, _: &ServiceKey) {}

    async fn step(&self, _: &ServiceKey, step: Step, _: Ports) -> StepOutcome {
        let StepInput::Message(message) = step.input else {
            return StepOutcome::default();
        };
        let reply = Reply {
            content: Some("hello to you".into()),
            in_reply_to: message["message_id"].as_str().unwrap().to_owned(),
            continue_session: false,
            helper_metadata: Object::new(),
        };
        StepOutcome {
            replies: vec![reply],
            ..StepOutcome::default()
        }
    }
}
