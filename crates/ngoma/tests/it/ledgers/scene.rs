//! Workers, their carrier, and the load between them.

use super::engine_process::EngineProcess;
use crate::program::{Server, is_full_run, path_text, repository};
use ngoma_testkit::carrier::ledger::{self, Entry, Line};
use ngoma_testkit::carrier::{Behaviour, Carrier, HttpFront, LinkFront, Persons, PlannedReceipt};
use ngoma_testkit::{Answer, JsonClient, NgomaProcess};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;

/// How many messages a client sends in one list.
const LIST: u64 = 5;
/// How many lists are under way at once.
const LISTS_AT_ONCE: usize = 64;
/// How many messages a second clients hand over, and how many people write.
const EACH_WAY: u32 = 250;
/// The window of the channel: what one loss of a process or a link may double.
pub const WINDOW: usize = 64;
/// How long a worker may be silent.
pub const LEASE: Duration = Duration::from_secs(6);
/// How long a client waits for an answer before it asks another worker.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long all that was accepted may take to end after the last fault.
const PATIENCE: Duration = Duration::from_secs(240);
/// The load is heavy: one scene at a time.
static STAGE: Mutex<()> = Mutex::const_new(());

/// A process under load.
pub enum Worker {
    /// The program, whose carrier is an HTTP provider.
    Program(Server),
    /// An engine with the carrier behind its `Transport`.
    Engine(EngineProcess),
}

impl Worker {
    pub fn process(&self) -> &NgomaProcess {
        match self {
            Self::Program(server) => &server.process,
            Self::Engine(engine) => &engine.process,
        }
    }

    pub async fn kill_and_start_again(&mut self) {
        match self {
            Self::Program(server) => {
                server.process.kill_group().unwrap();
                server.start_again().await;
            }
            Self::Engine(engine) => {
                engine.process.kill_group().unwrap();
                engine.start_again().await;
            }
        }
    }
}

/// Everything of one test.
pub struct Scene {
    pub workers: Vec<Worker>,
    pub carrier: Carrier,
    clients: Clients,
    _provider: Option<HttpFront>,
    _links: Option<LinkFront>,
    _folder: TempDir,
    _stage: MutexGuard<'static, ()>,
}

impl Scene {
    /// So many programs with these settings, and an HTTP provider.
    pub async fn of_programs(count: usize, settings: &str) -> Self {
        let mut scene = Self::empty().await;
        let provider = scene.carrier.serve().await.unwrap();
        let settings = format!("worker_lease = {}\n{settings}", LEASE.as_secs());
        let first = Server::with_settings(&settings, &declared(&provider.submit_url())).await;
        let token = first.token("test");
        scene.workers.push(Worker::Program(first));
        for _ in 1..count {
            scene.workers.push(Worker::Program(Server::with_only(&settings).await));
        }
        for worker in &scene.workers {
            let hook = JsonClient::new(format!("{}/c/test/sms", worker.process().url()));
            scene.carrier.also_reports_to(hook);
        }
        scene._provider = Some(provider);
        scene.let_clients_in(&token)
    }

    /// So many engines on this database, or one on a SQLite file, linked to the carrier.
    pub async fn of_engines(count: usize, database: Option<String>) -> Self {
        let mut scene = Self::empty().await;
        let links = scene.carrier.take_links().await.unwrap();
        let mut token = None;
        for _ in 0..count {
            let engine = EngineProcess::start(links.address(), database.clone(), LEASE).await;
            token.get_or_insert_with(|| engine.token());
            scene.workers.push(Worker::Engine(engine));
        }
        scene._links = Some(links);
        scene.let_clients_in(&token.unwrap())
    }

    async fn empty() -> Self {
        let stage = STAGE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let carrier = Carrier::new(&folder.path().join("ledger")).unwrap();
        carrier.otherwise(|_| Behaviour::accept().receipt(PlannedReceipt::delivered()));
        Self {
            workers: Vec::new(),
            carrier,
            clients: Clients::default(),
            _provider: None,
            _links: None,
            _folder: folder,
            _stage: stage,
        }
    }

    fn let_clients_in(mut self, token: &str) -> Self {
        let authorization = format!("Bearer {token}");
        let client = |worker: &Worker| worker.process().client().with_header("Authorization", &authorization);
        self.clients = Clients {
            of_each: self.workers.iter().map(client).collect(),
            turn: Arc::default(),
        };
        self
    }

    /// Runs the load with so many faults spread over it, each of which may double a window of messages, and checks what
    /// came of it.
    pub async fn under_load(&mut self, faults: usize, fault: impl AsyncFnMut(&mut Self, usize)) {
        self.under(faults, faults * WINDOW, fault).await;
    }

    /// The same with what must double nothing.
    pub async fn under_load_unharmed(&mut self, times: usize, act: impl AsyncFnMut(&mut Self, usize)) {
        self.under(times, 0, act).await;
    }

    async fn under(&mut self, faults: usize, doubled: usize, mut fault: impl AsyncFnMut(&mut Self, usize)) {
        let volume = volume();
        let begun = Instant::now();
        let receipts = self.carrier.keep_sending_receipts(Duration::from_millis(50));
        let persons = Persons::to("8864").per_second(EACH_WAY).messages(volume);
        let persons = self.carrier.persons_write(persons);
        let lists = tokio::spawn(send_lists(self.clients.clone(), volume));
        for round in 0..faults {
            let share = (round as u64 + 1) * volume / (faults as u64 + 1);
            self.carrier.until_submitted(share).await;
            fault(self, round).await;
        }
        let ids = lists.await.unwrap();
        persons.to_the_last().await;
        self.until_answered(&ids).await;
        let took = begun.elapsed();
        self.check(&ids, doubled).await;
        drop(receipts);
        tell_rates(&ids, &self.carrier.ledger(), took);
    }

    /// Waits until every message of a person has its answer with the carrier: one each.
    async fn until_answered(&self, ids: &HashSet<String>) {
        loop {
            let ledger = self.carrier.ledger();
            let (taken, submitted) = (taken(&ledger), submitted(&ledger));
            let answers = submitted.iter().filter(|id| !ids.contains(**id)).count();
            assert!(answers <= taken.len(), "{answers} answers to {} messages", taken.len());
            if answers == taken.len() {
                return;
            }
            let so_far = ledger
                .iter()
                .filter(|line| matches!(line.entry, Entry::Submission(_)))
                .count();
            let more = self.carrier.until_submitted(so_far as u64 + 1);
            let came = tokio::time::timeout(PATIENCE, more).await;
            assert!(came.is_ok(), "{answers} answers to {}: {}", taken.len(), self.logs());
        }
    }

    /// Waits until every accepted message has ended.
    async fn until_ended(&self, ids: &HashSet<String>) {
        let begun = Instant::now();
        let mut waiting: Vec<&String> = ids.iter().collect();
        while let Some(id) = waiting.pop() {
            let status = self.message(id).await["status"].as_str().unwrap_or("").to_owned();
            if !["delivered", "sent", "failed", "expired"].contains(&status.as_str()) {
                waiting.insert(0, id);
            }
            let left = waiting.len();
            assert!(
                begun.elapsed() < PATIENCE,
                "{left} messages do not end: {}",
                self.logs()
            );
        }
    }

    async fn message(&self, id: &str) -> Value {
        let answer = self
            .clients
            .ask(async |client| client.get(&format!("/api/v1/messages/{id}")).await);
        answer.await.map(|answer| answer.json()).unwrap_or_default()
    }

    /// What was accepted arrived; no more than so many arrived more than once, and those are marked.
    async fn check(&self, ids: &HashSet<String>, doubled: usize) {
        self.until_ended(ids).await;
        let ledger = self.carrier.ledger();
        let verdict = ledger::compare(ids.iter().map(String::as_str), &ledger);
        assert!(verdict.lost.is_empty(), "{verdict}: {:?}", verdict.lost);
        assert!(verdict.duplicates.len() <= doubled, "{verdict}");
        for id in verdict.duplicates.keys() {
            let message = self.message(id).await;
            assert_eq!(message["possible_duplicate"], true, "{id} was sent twice: {message}");
        }
        // The load was what it is said to be.
        let volume = usize::try_from(volume()).unwrap();
        assert_eq!((ids.len(), taken(&ledger).len()), (volume, volume));
    }

    fn logs(&self) -> String {
        self.workers.iter().map(|worker| worker.process().log()).collect()
    }
}

/// The messages of people that were taken, by the provider's id.
fn taken(ledger: &[Line]) -> HashSet<&str> {
    let taken = ledger.iter().filter_map(|line| match &line.entry {
        Entry::InboundTaken { provider_id, .. } => Some(provider_id.as_str()),
        _ => None,
    });
    taken.collect()
}

/// The messages the carrier was handed, by our id.
fn submitted(ledger: &[Line]) -> HashSet<&str> {
    let submitted = ledger.iter().filter_map(|line| match &line.entry {
        Entry::Submission(submission) => Some(submission.message_id.as_str()),
        _ => None,
    });
    submitted.collect()
}

/// For whoever runs it with `--nocapture`: no verdict depends on it.
fn tell_rates(ids: &HashSet<String>, ledger: &[Line], took: Duration) {
    let in_and_out = [ids.len() + taken(ledger).len(), submitted(ledger).len()];
    let [into, out] = in_and_out.map(|count| count as f64 / took.as_secs_f64());
    println!("{into:.0} messages a second in and {out:.0} out, over {took:.1?} with what went wrong");
}

/// The account of the programs: a channel to that provider, and a service that answers.
fn declared(submit_url: &str) -> String {
    format!(
        r#"
        [account.test.channel.sms]
        type = "http_json"
        address = "8864"
        country = "ZA"
        config = {{ send_url = "{submit_url}", allow_private = true }}
        policy = {{ on_ambiguous = "resend", resend_after = 2, window = {WINDOW} }}
        [account.test.service.light]
        kind = "script"
        source = "{}"
        [[account.test.route]]
        channel = "sms"
        service = "light"
        "#,
        path_text(&repository("examples/light")),
    )
}

/// How many messages go each way.
fn volume() -> u64 {
    if is_full_run() { 10_000 } else { 1_000 }
}

/// A client of each worker, which are asked in turn.
#[derive(Clone, Default)]
struct Clients {
    of_each: Vec<JsonClient>,
    turn: Arc<AtomicUsize>,
}

impl Clients {
    /// Asks the next worker, and waits for it as long as clients do.
    async fn ask(&self, ask: impl AsyncFnOnce(&JsonClient) -> std::io::Result<Answer>) -> Option<Answer> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.of_each.len();
        let answer = tokio::time::timeout(ANSWER_WITHIN, ask(&self.of_each[turn])).await;
        answer.ok()?.ok()
    }
}

/// Sends lists at a steady pace; a list that was not answered is sent again under its key. Gives the ids.
async fn send_lists(clients: Clients, count: u64) -> HashSet<String> {
    let mut pace = tokio::time::interval(Duration::from_secs(LIST) / EACH_WAY);
    let mut under_way = JoinSet::new();
    let mut ids = HashSet::new();
    for number in 0..count / LIST {
        pace.tick().await;
        if under_way.len() >= LISTS_AT_ONCE {
            ids.extend(under_way.join_next().await.unwrap().unwrap());
        }
        under_way.spawn(send_list(clients.clone(), number));
    }
    ids.extend(under_way.join_all().await.into_iter().flatten());
    ids
}

async fn send_list(clients: Clients, number: u64) -> Vec<String> {
    let key = format!("list-{number}");
    let list: Vec<Value> = (0..LIST)
        .map(|place| json!({ "channel": "sms", "to": "+27831234567", "content": format!("{number}.{place}") }))
        .collect();
    let begun = Instant::now();
    loop {
        let asked = clients.ask(async |client| {
            let client = client.clone().with_header("Idempotency-Key", &key);
            client.post("/api/v1/messages", &json!(list)).await
        });
        if let Some(answer) = asked.await
            && answer.status == 202
        {
            let ids = answer.json()["ids"].as_array().unwrap().clone();
            return ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        }
        assert!(begun.elapsed() < PATIENCE, "list {number} is never taken");
        tokio::task::yield_now().await;
    }
}
