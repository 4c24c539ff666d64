//! `kill -9` of every process at any moment, under load, again and again: what was answered is in the store, once.

use crate::program::{Server, is_full_run, ussd};
use crate::stored;
use ngoma_message::Address;
use ngoma_testkit::JsonClient;
use serde_json::json;
use std::collections::HashMap;
use tokio::sync::watch;

const PHONES: usize = 8;
const ROUNDS: usize = 8;
const FULL_ROUNDS: usize = 200;

/// One person with one open session, and what they were answered.
struct Phone {
    number: String,
    session: String,
    turns: u64,
    answers: Vec<String>,
    sent: u64,
    texts: Vec<(String, String)>,
}

impl Phone {
    fn new(index: usize) -> Self {
        Self {
            number: format!("+2783123{index:04}"),
            session: format!("session-{index}"),
            turns: 0,
            answers: Vec::new(),
            sent: 0,
            texts: Vec::new(),
        }
    }

    /// Takes turns until the server dies, telling each answer to `progress`.
    async fn use_until_killed(mut self, client: JsonClient, progress: watch::Sender<u64>) -> Self {
        while self.turn(&client).await && self.text(&client).await {
            progress.send_modify(|turns| *turns += 1);
        }
        self
    }

    /// One USSD turn. The count goes on where it was: by one, or by two when the turn before was killed after its commit.
    async fn turn(&mut self, client: &JsonClient) -> bool {
        let event = if self.answers.is_empty() { "new" } else { "resume" };
        let body = ussd(&self.session, &self.number, event, Some("1"));
        let Ok(answer) = client.post("/c/test/ussd", &body).await else {
            return false;
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let content = answer["content"].as_str().unwrap();
        let count: u64 = content
            .strip_prefix("Message ")
            .unwrap_or_else(|| panic!("{content}"))
            .parse()
            .unwrap();
        self.answers.push(answer["message_id"].as_str().unwrap().to_owned());
        self.turns = count;
        true
    }

    /// One SMS; one that was not answered is sent again with the same id, as providers do.
    async fn text(&mut self, client: &JsonClient) -> bool {
        let provider_id = format!("{}-{}", self.number, self.sent);
        let body = json!({ "message_id": provider_id, "from": self.number, "to": "8864", "content": "hello" });
        let Ok(answer) = client.post("/c/test/sms", &body).await else {
            return false;
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.sent += 1;
        self.texts
            .push((provider_id, answer.json()["message_id"].as_str().unwrap().to_owned()));
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9_exactly_once() {
    let mut server = Server::light().await;
    let mut phones: Vec<Phone> = (0..PHONES).map(Phone::new).collect();
    let rounds = if is_full_run() { FULL_ROUNDS } else { ROUNDS };
    for round in 0..rounds {
        let (progress, mut reached) = watch::channel(0);
        let client = server.process.client();
        let users = phones
            .drain(..)
            .map(|phone| tokio::spawn(phone.use_until_killed(client.clone(), progress.clone())));
        let users: Vec<_> = users.collect();
        // A different amount of work each round, so that the kill falls at a different place.
        let work = 1 + (round as u64 * 37) % 61;
        reached.wait_for(|turns| *turns >= work).await.unwrap();
        server.process.kill_group().unwrap();
        for user in users {
            phones.push(user.await.unwrap());
        }
        server.start_again().await;
    }
    let client = server.process.client();
    for phone in &mut phones {
        assert!(
            phone.turn(&client).await,
            "the session of {} does not resume",
            phone.number
        );
    }
    server.process.kill_group().unwrap();
    check_store(&server, &phones).await;
}

/// Every answered message is in the store once, and every session is the one that was opened.
async fn check_store(server: &Server, phones: &[Phone]) {
    let engine = stored::open(server).await;
    for phone in phones {
        let address = Address::tel(&phone.number, None);
        let thread = engine.thread("test", &address, usize::MAX >> 1).await.unwrap();
        let mut by_id: HashMap<&str, usize> = HashMap::new();
        let mut by_provider_id: HashMap<&str, usize> = HashMap::new();
        for record in &thread {
            *by_id.entry(record.id.as_str()).or_default() += 1;
            if let Some(provider_id) = &record.provider_id {
                *by_provider_id.entry(provider_id).or_default() += 1;
            }
        }
        for id in &phone.answers {
            assert_eq!(by_id.get(id.as_str()), Some(&1), "answer {id} of {}", phone.number);
        }
        for (provider_id, id) in &phone.texts {
            assert_eq!(by_id.get(id.as_str()), Some(&1), "text {id} of {}", phone.number);
            assert_eq!(by_provider_id.get(provider_id.as_str()), Some(&1), "text {provider_id}");
        }
        let session = engine.latest_session("test", "ussd", &address).await.unwrap().unwrap();
        assert_eq!((session.key.as_str(), session.is_open), (phone.session.as_str(), true));
        let counted = thread
            .iter()
            .filter(|record| record.content.as_deref() == Some(&*format!("Message {}", phone.turns)));
        assert_eq!(counted.count(), 1, "the count of {} went on", phone.number);
    }
}
