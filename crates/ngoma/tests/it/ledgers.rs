//! Real kills under a load of messages in and out, against the carrier's own ledger: nothing that was answered is lost,
//! and what may have been sent twice says so.

use crate::program::{Server, is_full_run, path_text, repository, run, stdout};
use ngoma_testkit::JsonClient;
use ngoma_testkit::carrier::{Behaviour, Carrier, HttpFront, Persons, PlannedReceipt, ledger};
use ngoma_testkit::servers::{self, PostgresServer, RabbitNode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// How many messages a client sends in one list.
const LIST: u64 = 5;
/// The window of the channel: what one loss of a process or a link may double.
const WINDOW: usize = 64;
/// The load is heavy: one scene at a time.
static STAGE: Mutex<()> = Mutex::const_new(());
/// How long all that was accepted may take to end after the last fault.
const PATIENCE: Duration = Duration::from_secs(240);

/// A server, its carrier, and the load between them.
struct Scene {
    server: Server,
    carrier: Carrier,
    _front: HttpFront,
    _folder: TempDir,
    client: JsonClient,
}

impl Scene {
    async fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let carrier = Carrier::new(&folder.path().join("ledger")).unwrap();
        let front = carrier.serve().await.unwrap();
        let toml = format!(
            r#"
            [account.test.channel.sms]
            type = "http_json"
            address = "8864"
            country = "ZA"
            config = {{ send_url = "{}", allow_private = true }}
            policy = {{ on_ambiguous = "resend", resend_after = 2, window = {WINDOW} }}
            [account.test.service.light]
            kind = "script"
            source = "{}"
            [[account.test.route]]
            channel = "sms"
            service = "light"
            "#,
            front.submit_url(),
            path_text(&repository("examples/light")),
        );
        let server = Server::with_settings(settings, &toml).await;
        let hook = JsonClient::new(format!("{}/c/test/sms", server.process.url()));
        carrier.reports_to(hook);
        carrier.otherwise(|_| Behaviour::accept().receipt(PlannedReceipt::delivered()));
        let output = run(&["token", "create", "test", "--data", path_text(&server.data())], "");
        let text = stdout(&output);
        let token = text.split_whitespace().last().unwrap();
        let client = server
            .process
            .client()
            .with_header("Authorization", &format!("Bearer {token}"));
        Self {
            server,
            carrier,
            _front: front,
            _folder: folder,
            client,
        }
    }

    /// Sends lists at a steady pace until told to stop; a list that was not answered is sent again under its key.
    fn send_lists(&self, count: u64, per_second: u64) -> tokio::task::JoinHandle<Vec<String>> {
        let client = self.client.clone();
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 * LIST / per_second));
            let mut ids = Vec::new();
            for number in 0..count / LIST {
                pace.tick().await;
                ids.extend(send_list(&client, number).await);
            }
            ids
        })
    }

    /// Waits until every accepted message has ended; gives what each says of itself.
    async fn outcomes(&self, ids: &[String]) -> HashMap<String, Value> {
        let begun = Instant::now();
        let mut ended = HashMap::new();
        while ended.len() < ids.len() {
            for id in ids {
                if ended.contains_key(id) {
                    continue;
                }
                let Ok(answer) = self.client.get(&format!("/api/v1/messages/{id}")).await else {
                    continue;
                };
                let message = answer.json();
                if ["delivered", "sent", "failed", "expired"].contains(&message["status"].as_str().unwrap_or("")) {
                    ended.insert(id.clone(), message);
                }
            }
            let waiting = ids.len() - ended.len();
            assert!(
                begun.elapsed() < PATIENCE,
                "{waiting} messages do not end: {}",
                self.server.process.log()
            );
        }
        ended
    }

    /// What was accepted arrived; what arrived more than once is within the window of each loss, and marked.
    async fn check(&self, ids: &[String], losses: usize) {
        let outcomes = self.outcomes(ids).await;
        let verdict = ledger::compare(ids.iter().map(String::as_str), &self.carrier.ledger());
        assert!(verdict.lost.is_empty(), "{verdict}: {:?}", verdict.lost);
        assert!(verdict.duplicates.len() <= losses * WINDOW, "{verdict}");
        for id in verdict.duplicates.keys() {
            if let Some(message) = outcomes.get(id) {
                assert_eq!(
                    message["possible_duplicate"], true,
                    "{id} was sent twice and does not say so"
                );
            }
        }
    }
}

async fn send_list(client: &JsonClient, number: u64) -> Vec<String> {
    let client = client.clone().with_header("Idempotency-Key", &format!("list-{number}"));
    let list: Vec<Value> = (0..LIST)
        .map(|place| json!({ "channel": "sms", "to": "+27831234567", "content": format!("{number}.{place}") }))
        .collect();
    let begun = Instant::now();
    loop {
        let answer = client.post("/api/v1/messages", &json!(list)).await;
        if let Ok(answer) = answer
            && answer.status == 202
        {
            let ids = answer.json()["ids"].as_array().unwrap().clone();
            return ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        }
        assert!(begun.elapsed() < PATIENCE, "list {number} is never taken");
        tokio::task::yield_now().await;
    }
}

/// How many messages go each way.
fn volume() -> u64 {
    if is_full_run() { 10_000 } else { 1_000 }
}

/// Runs the load with faults at a third and two thirds of it.
async fn under_load(scene: &mut Scene, losses: usize, mut fault: impl AsyncFnMut(&mut Scene, usize)) {
    let volume = volume();
    let receipts = scene.carrier.keep_sending_receipts(Duration::from_millis(50));
    let persons = scene
        .carrier
        .persons_write(Persons::to("8864").per_second(250).count(volume));
    let lists = scene.send_lists(volume, 250);
    for round in 0..losses {
        let share = (round as u64 + 1) * volume / (losses as u64 + 1);
        scene.carrier.until_submitted(share).await;
        fault(scene, round).await;
    }
    let ids = lists.await.unwrap();
    persons.finish().await;
    scene.check(&ids, losses).await;
    drop(receipts);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_sqlite_loses_nothing() {
    let _stage = STAGE.lock().await;
    let mut scene = Scene::new("").await;
    under_load(&mut scene, 2, async |scene, _| {
        scene.server.process.kill_group().unwrap();
        scene.server.start_again().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_postgres_loses_nothing() {
    let _stage = STAGE.lock().await;
    if !servers::available() {
        return;
    }
    let database = servers::postgres().database();
    let mut scene = Scene::new(&format!("store = \"{}\"", database.url())).await;
    under_load(&mut scene, 2, async |scene, _| {
        scene.server.process.kill_group().unwrap();
        scene.server.start_again().await;
    })
    .await;
}

/// F21: the database goes away at once, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_loses_nothing() {
    let _stage = STAGE.lock().await;
    if !servers::available() {
        return;
    }
    let postgres = PostgresServer::start();
    let database = postgres.database();
    let mut scene = Scene::new(&format!("store = \"{}\"", database.url())).await;
    under_load(&mut scene, 2, async |_, _| {
        postgres.kill_immediate();
        postgres.restart();
    })
    .await;
}

/// F23 and F24: the broker is stopped, and then its disk is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_stopped_and_wiped_loses_nothing() {
    let _stage = STAGE.lock().await;
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let settings = format!("queue = \"{}\"\nqueue_partitions = 4", node.url());
    let mut scene = Scene::new(&settings).await;
    under_load(&mut scene, 2, async |_, round| match round {
        0 => {
            node.stop();
            node.restart();
        }
        _ => node.wipe(),
    })
    .await;
}
