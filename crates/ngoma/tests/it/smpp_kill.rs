//! `kill -9` at any moment with messages going both ways by SMPP: F2, F3 and F9 with the SMSC in a box, whose list of what
//! came is compared with what was answered.

use crate::program::{Server, is_full_run, path_text, repository, run, stdout};
use crate::stored;
use ngoma_engine::{Direction, MessageRecord, Status};
use ngoma_message::Address;
use ngoma_smpp::pdu::{Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{Config, Handle, Outcome};
use ngoma_smsc::{Behaviour, ReceiptTerms, Settings, Smsc};
use ngoma_testkit::JsonClient;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

const ROUNDS: usize = 5;
const FULL_ROUNDS: usize = 60;
/// How many messages the channel has without an answer: what one death may double.
const WINDOW: usize = 8;

/// A program between its clients and a carrier.
struct Scene {
    server: Server,
    smsc: Arc<Smsc>,
    token: String,
    binds_seen: u64,
    /// The text of each message that was answered 202, by its id.
    accepted: HashMap<String, String>,
    /// The people whose message the carrier was answered for.
    taken: Vec<String>,
    /// How many texts, and how many people, there were.
    texts: AtomicU64,
    people: AtomicU64,
}

impl Scene {
    async fn open() -> Self {
        let behaviour = Behaviour {
            // Long enough that a kill falls between a message and its answer.
            latency_ms: 3,
            jitter_ms: 3,
            receipts: ReceiptTerms {
                delay_ms: 20,
                ..ReceiptTerms::default()
            },
            ..Behaviour::default()
        };
        let settings = Settings {
            behaviour,
            session: Config::default(),
            ..Settings::default()
        };
        let smsc = Smsc::start(settings).await.unwrap();
        let toml = format!(
            r#"
            [account.test.channel.sms]
            type = "smpp"
            address = "8864"
            country = "ZA"
            config = {{ hosts = ["{}"], allow_private = true, system_id = "clinic", reconnect_after = "50ms", window = {WINDOW} }}
            policy = {{ on_ambiguous = "resend", resend_after = 1, window = {WINDOW} }}
            [account.test.service.light]
            kind = "script"
            source = "{}"
            [[account.test.route]]
            channel = "sms"
            service = "light"
            "#,
            smsc.address(),
            repository("examples/light").display()
        );
        let server = Server::declared(&toml, &[]).await;
        Self {
            token: server.token("test"),
            server,
            smsc: Arc::new(smsc),
            binds_seen: 0,
            accepted: HashMap::new(),
            taken: Vec::new(),
            texts: AtomicU64::new(0),
            people: AtomicU64::new(0),
        }
    }

    fn client(&self) -> JsonClient {
        let client = self.server.process.client();
        client.with_header("Authorization", &format!("Bearer {}", self.token))
    }

    async fn bound(&mut self) -> Handle {
        let (number, session) = soon(self.smsc.bound_after(self.binds_seen)).await;
        self.binds_seen = number;
        session
    }

    /// Both ways until so much is done; then everything is killed.
    async fn round(&mut self, work: u64) {
        let session = self.bound().await;
        let (progress, mut reached) = watch::channel(0);
        let clients: Vec<_> = (0..4)
            .map(|_| tokio::spawn(hand_over(self.client(), self.texts(), progress.clone())))
            .collect();
        let carriers: Vec<_> = (0..2)
            .map(|_| tokio::spawn(deliver(session.clone(), self.people(), progress.clone())))
            .collect();
        soon(reached.wait_for(|done| *done >= work)).await.unwrap();
        self.server.process.kill_group().unwrap();
        for client in clients {
            self.accepted.extend(client.await.unwrap());
        }
        for carrier in carriers {
            self.taken.extend(carrier.await.unwrap());
        }
        self.server.start_again().await;
    }

    /// Gives each text once.
    fn texts(&self) -> impl Fn() -> String + Send + 'static + use<> {
        let first = self.texts.fetch_add(1 << 20, Ordering::Relaxed);
        let next = AtomicU64::new(first);
        move || format!("text {}", next.fetch_add(1, Ordering::Relaxed))
    }

    /// Gives each person once.
    fn people(&self) -> impl Fn() -> String + Send + 'static + use<> {
        let first = self.people.fetch_add(10_000, Ordering::Relaxed);
        let next = AtomicU64::new(first);
        move || format!("2783{:07}", next.fetch_add(1, Ordering::Relaxed))
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(90), what)
        .await
        .expect("it comes soon")
}

/// Hands messages over until nobody answers; gives those that were answered.
async fn hand_over(
    client: JsonClient,
    text: impl Fn() -> String,
    progress: watch::Sender<u64>,
) -> Vec<(String, String)> {
    let mut accepted = Vec::new();
    loop {
        let content = text();
        let message = json!({ "channel": "sms", "to": "0820000001", "content": content });
        let Ok(answer) = client.post("/api/v1/messages", &message).await else {
            return accepted;
        };
        assert_eq!(answer.status, 202, "{}", answer.text());
        accepted.push((answer.json()["id"].as_str().unwrap().to_owned(), content));
        progress.send_modify(|done| *done += 1);
    }
}

/// Delivers one message of each person until the link is gone; gives those that were taken.
async fn deliver(session: Handle, person: impl Fn() -> String, progress: watch::Sender<u64>) -> Vec<String> {
    let mut taken = Vec::new();
    loop {
        let person = person();
        let message = ShortMessage {
            source: SmeAddress {
                ton: 1,
                npi: 1,
                address: person.clone(),
            },
            destination: SmeAddress {
                address: "8864".into(),
                ..SmeAddress::default()
            },
            short_message: "hello".into(),
            ..ShortMessage::default()
        };
        match session.send(Operation::Deliver, message).await {
            Outcome::Answered(answer) if answer.status.is_ok() => taken.push(person),
            Outcome::Answered(answer) => panic!("{:?}", answer.status),
            Outcome::NotSent(_) | Outcome::Unanswered(..) => return taken,
        }
        progress.send_modify(|done| *done += 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_reaches_the_carrier_and_what_was_taken_is_answered_once() {
    let mut scene = Scene::open().await;
    let rounds = if is_full_run() { FULL_ROUNDS } else { ROUNDS };
    for round in 0..rounds {
        scene.round(5 + (round as u64 * 37) % 61).await;
    }
    scene.bound().await;
    let client = scene.client();
    let (mut repeated, mut unknown) = (0, HashSet::new());
    for (id, text) in &scene.accepted {
        let message = soon(async {
            loop {
                let answer = client.get(&format!("/api/v1/messages/{id}")).await.unwrap();
                let message = answer.json();
                match message["status"].as_str() {
                    Some("delivered") => return message,
                    // Killed with it under way twice: it is not sent a third time, and says so.
                    Some("unknown") if message["possible_duplicate"] == true => return message,
                    _ => {}
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        repeated += usize::from(message["possible_duplicate"] == true);
        if message["status"] == "unknown" {
            unknown.insert(text.as_str());
        }
    }
    soon(nothing_waits(&scene)).await;
    check_carrier(&scene, &unknown, (rounds, repeated));
    scene.server.process.kill_group().unwrap();
    check_store(&scene).await;
}

/// The carrier has each accepted text, unless that is unknown, and more than once only those that say so; nobody is
/// answered as if they had written twice.
fn check_carrier(scene: &Scene, unknown: &HashSet<&str>, (rounds, repeated): (usize, usize)) {
    let came = scene.smsc.messages().after(0, usize::MAX);
    assert!(came.len() < 10_000, "the box keeps no more");
    let mut by_text: HashMap<String, usize> = HashMap::new();
    let mut to_people: HashMap<(String, String), usize> = HashMap::new();
    for (_, message) in &came {
        let text = String::from_utf8_lossy(&message.message.short_message).into_owned();
        match text.starts_with("text ") {
            true => *by_text.entry(text).or_default() += 1,
            false => {
                *to_people
                    .entry((message.message.destination.address.clone(), text))
                    .or_default() += 1
            }
        }
    }
    let doubled: Vec<_> = by_text.iter().filter(|(_, count)| **count > 1).collect();
    for text in scene.accepted.values() {
        let was_sent = by_text.contains_key(text) || unknown.contains(text.as_str());
        assert!(was_sent, "{text} was accepted and never sent");
    }
    assert!(doubled.len() <= repeated, "{doubled:?} of {repeated} that say so");
    assert!(repeated <= rounds * WINDOW, "{repeated} in {rounds} rounds");
    let twice = to_people.keys().find(|(_, text)| text == "Message 2");
    assert_eq!(twice, None, "they were heard twice");
}

/// Returns when no message is in the queue, nor with a process.
async fn nothing_waits(scene: &Scene) {
    loop {
        let data = scene.server.data();
        let output = tokio::task::spawn_blocking(move || run(&["queue", "depth", "--data", path_text(&data)], ""));
        let depth = stdout(&output.await.unwrap());
        let of_sms = depth.lines().filter(|line| line.starts_with("test/sms"));
        let mut waiting = of_sms.flat_map(|line| line.split_whitespace().skip(2).take(3));
        if waiting.all(|count| count == "0") {
            return;
        }
    }
}

/// What the carrier was answered for is in the store, once, with one answer; unless it was killed with it three times.
async fn check_store(scene: &Scene) {
    let engine = stored::open(&scene.server).await;
    for person in &scene.taken {
        let address = Address::tel(&format!("+{person}"), None);
        let thread = engine.thread("test", &address, 100).await.unwrap();
        let count = |content: &str| {
            let said = thread
                .iter()
                .filter(|message| message.content.as_deref() == Some(content));
            said.count()
        };
        assert_eq!(count("hello"), 1, "{thread:?}");
        let told = "the process ended 3 times while a step ran";
        if thread.iter().any(|message| message.reason.as_deref() == Some(told)) {
            // It lies among the dead letters.
            continue;
        }
        assert_eq!(count("Message 1"), 1, "{thread:?}");
        let is_answer = |message: &&MessageRecord| message.direction == Direction::Outbound;
        let answer = thread.iter().find(is_answer).unwrap();
        let is_over = matches!(answer.status, Status::Sent | Status::Delivered)
            || (answer.status == Status::Unknown && answer.possible_duplicate);
        assert!(is_over, "{answer:?}");
    }
}
