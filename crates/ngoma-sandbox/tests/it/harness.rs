//! A service under test, and its outcomes as JSON.

use async_trait::async_trait;
use ngoma_engine::recording::Seed;
use ngoma_engine::service::{
    HttpPort, HttpRequest, HttpResponse, KvReader, KvWrite, PortError, Ports, ServiceError, ServiceKey, ServiceRunner,
    Step, StepInput, StepOutcome,
};
use ngoma_engine::{Clock, FrozenClock, SystemClock};
use ngoma_message::{Object, Timestamp};
use ngoma_sandbox::{Sandbox, SandboxOptions, bundle};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A service of these files, the first of which is its main one, with what its steps find.
pub struct Service {
    files: BTreeMap<String, Vec<u8>>,
    main: String,
    pub kv: BTreeMap<String, Value>,
    pub config: Value,
    pub http_allow: Option<Vec<String>>,
    pub now: Option<&'static str>,
    pub seed: Option<u64>,
    pub wall_limit: Duration,
}

/// A service that is loaded.
pub struct Loaded {
    sandbox: Sandbox,
    service: Service,
}

pub fn service(files: &[(&str, &str)]) -> Service {
    Service {
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect(),
        main: files[0].0.to_owned(),
        kv: BTreeMap::new(),
        config: Value::Null,
        http_allow: None,
        now: None,
        seed: None,
        wall_limit: Duration::from_secs(20),
    }
}

/// A service of one JavaScript file.
pub fn script(source: &str) -> Service {
    service(&[("main.js", source)])
}

/// A service whose message handler is this code; `reply(content)` answers and is done.
pub fn handler(body: &str) -> Service {
    script(&format!(
        "{REPLY}\napi.on_inbound_message = function (command) {{\n{body}\n}};"
    ))
}

/// A function for scripts: answers and ends the step.
pub const REPLY: &str = "function reply(content) { if (typeof content !== 'string') content = JSON.stringify(content); \
    api.request('outbound.reply_to', {content, in_reply_to: 'm1'}, () => api.done()); }";

pub fn key() -> ServiceKey {
    ServiceKey {
        account: "a".into(),
        service: "s".into(),
        version: 0,
    }
}

pub fn sandbox() -> Sandbox {
    sandbox_with(SandboxOptions::default().load_limit)
}

/// A sandbox that waits this long for a service to load.
pub fn sandbox_with(load_limit: Duration) -> Sandbox {
    // Tests that run these tests as another user name a copy that this user may run.
    let program = std::env::var_os("NGOMA_TEST_WORKER")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_sandbox-worker")), PathBuf::from);
    let python = std::env::var_os("NGOMA_TEST_PYTHON").map_or_else(
        || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("python"),
        PathBuf::from,
    );
    Sandbox::new(SandboxOptions {
        program,
        python,
        load_limit,
        ..SandboxOptions::default()
    })
    .unwrap()
}

impl Service {
    pub async fn load(self) -> Loaded {
        self.try_load()
            .await
            .unwrap_or_else(|error| panic!("not loaded: {error:?}"))
    }

    pub async fn try_load(self) -> Result<Loaded, ServiceError> {
        let sandbox = sandbox();
        let bundle = bundle::bundle(self.main.clone(), self.files.clone());
        sandbox.load(&key(), Arc::new(bundle)).await?;
        Ok(Loaded { sandbox, service: self })
    }

    fn ports(&self) -> Ports {
        let clock: Arc<dyn Clock> = match self.now {
            Some(now) => Arc::new(FrozenClock::at(Timestamp::parse(now).unwrap())),
            None => Arc::new(SystemClock),
        };
        Ports {
            kv: Arc::new(Keys(self.kv.clone())),
            http: Arc::new(Echo),
            config: Arc::new(self.config.as_object().cloned().unwrap_or_default()),
            http_allow: self.http_allow.clone().map(Arc::new),
            account: ngoma_engine::ports::AccountPorts::simulated(),
            clock,
            seed: self.seed.map(Seed::of_number),
        }
    }
}

impl Loaded {
    /// The outcome of the message `m1`.
    pub async fn message(&self) -> StepOutcome {
        self.step(StepInput::Message(json!({"message_id": "m1", "content": "hi"})))
            .await
    }

    /// The outcome of the message `m1` with this text.
    pub async fn message_of(&self, content: &str) -> StepOutcome {
        self.step(StepInput::Message(json!({"message_id": "m1", "content": content})))
            .await
    }

    pub async fn step(&self, input: StepInput) -> StepOutcome {
        let wall_limit = self.service.wall_limit;
        self.sandbox
            .step(&key(), Step { input, wall_limit }, self.service.ports())
            .await
    }

    pub async fn unload(&self) {
        self.sandbox.unload(&key()).await;
    }

    /// What runs it.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The worker's process.
    pub async fn worker_pid(&self) -> u32 {
        self.sandbox.worker_pid(&key()).await.expect("a worker runs")
    }

    /// Kills the worker, which is a child of this process that runs the test's program.
    pub async fn kill_worker(&self) {
        let worker = self.worker_pid().await;
        // SAFETY: a signal to a process that this test started.
        unsafe { libc::kill(worker.cast_signed(), libc::SIGKILL) };
    }

    /// Asks until an answer comes.
    pub async fn until_it_answers(&self) {
        while self.message().await.error.is_some() {
            tokio::task::yield_now().await;
        }
    }

    /// The text that answers the message `m1`.
    pub async fn answer(&self) -> String {
        let outcome = self.message().await;
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.replies.len(), 1, "{outcome:?}");
        outcome.replies[0].content.clone().unwrap()
    }
}

/// `message @file:line:column`, as far as it is known.
pub fn shown(error: &ServiceError) -> String {
    match (&error.file, error.line, error.column) {
        (Some(file), Some(line), Some(column)) => format!("{} @{file}:{line}:{column}", error.message),
        (Some(file), ..) => format!("{} @{file}", error.message),
        _ => error.message.clone(),
    }
}

/// The answer of a service's one message.
pub async fn answer_of(service: Service) -> String {
    service.load().await.answer().await
}

/// What a step wrote, in order.
pub fn writes(outcome: &StepOutcome) -> Vec<Value> {
    let shown = |write: &KvWrite| match write {
        KvWrite::Set { key, value, expires_at } => json!(["set", key, value, expires_at.is_some()]),
        KvWrite::Increment { key, amount } => json!(["increment", key, amount]),
        KvWrite::Delete { key } => json!(["delete", key]),
    };
    outcome.kv.iter().map(shown).collect()
}

struct Keys(BTreeMap<String, Value>);

#[async_trait]
impl KvReader for Keys {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        Ok(self.0.get(key).cloned())
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(self.0.len() as u64)
    }
}

/// Says back what it was asked; a URL with `slow` waits until all others could have been answered.
struct Echo;

#[async_trait]
impl HttpPort for Echo {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, PortError> {
        if request.url.contains("slow") {
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
        }
        if request.url.contains("hang") {
            std::future::pending::<()>().await;
        }
        let headers = Object::from_iter(
            request
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into())),
        );
        let body = request.body.map(|body| String::from_utf8(body).unwrap());
        let said = json!({"method": request.method, "url": request.url, "headers": headers, "body": body});
        Ok(HttpResponse {
            code: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: said.to_string().into_bytes(),
        })
    }
}
