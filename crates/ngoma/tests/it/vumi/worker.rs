//! The worker's process, and its ledger: every line it said.

use super::until;
use crate::program::{path_text, repository};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

/// What a worker is.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    Transport,
    Application,
}

/// Whose manners it has.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    Vumi,
    Vumi2,
}

/// A running worker; it ends when dropped.
pub struct Worker {
    child: Child,
    input: ChildStdin,
    ledger: Arc<Mutex<Vec<Value>>>,
}

impl Worker {
    /// Starts a worker on the broker and the vhost of this address, and waits until it consumes.
    pub async fn start(role: Role, style: Style, url: &str, transport_name: &str) -> Self {
        let url = reqwest::Url::parse(url).unwrap();
        let script = repository("crates/ngoma/tests/it/vumi/worker.py");
        let vhost = url.path().trim_start_matches('/').replace("%2f", "/");
        let mut child = Command::new("python3")
            .args(["-B", path_text(&script)])
            .args([role.word(), style.word(), url.host_str().unwrap()])
            .args([&url.port().unwrap().to_string(), &vhost, transport_name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed for this test");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let ledger = Arc::<Mutex<Vec<Value>>>::default();
        let written = Arc::clone(&ledger);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                written.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        let worker = Self { child, input, ledger };
        worker.says("ready", |line| line.get("ready").map(drop)).await;
        worker
    }

    /// Has it publish a message, of which only some fields are given.
    pub fn publish(&mut self, queue: &str, message: Value) {
        self.declare(queue);
        self.order(&json!({ "queue": queue, "message": message }));
    }

    /// Has it publish anything.
    pub fn publish_raw(&mut self, queue: &str, body: &str) {
        self.declare(queue);
        self.order(&json!({ "queue": queue, "body": body }));
    }

    /// Has it make a queue as its consumer does: nobody tells a worker of a message that finds none.
    fn declare(&mut self, queue: &str) {
        self.order(&json!({ "declare": queue }));
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.input, "{order}").unwrap();
        self.input.flush().unwrap();
    }

    /// The messages it took of a queue, in order. One whose acknowledgement was lost with a connection comes again.
    pub fn took(&self, queue: &str) -> Vec<Value> {
        self.lines("took", queue, |line| line["again"] == true)
    }

    /// The messages it published to a queue, in order.
    pub fn published(&self, queue: &str) -> Vec<Value> {
        self.lines("published", queue, |_| false)
    }

    /// Waits until it has taken so many of a queue.
    pub async fn took_all(&self, queue: &str, count: usize) -> Vec<Value> {
        let what = format!("{count} of {queue} taken, of which there are {:?}", self.took(queue));
        until(&what, async || {
            Some(self.took(queue)).filter(|took| took.len() >= count)
        })
        .await
    }

    /// Waits until it has published so many to a queue.
    pub async fn published_all(&self, queue: &str, count: usize) -> Vec<Value> {
        let what = format!("{count} published to {queue}");
        until(&what, async || {
            Some(self.published(queue)).filter(|all| all.len() >= count)
        })
        .await
    }

    /// Waits until it says a line that this finds something in.
    pub async fn says<T>(&self, what: &str, look: impl Fn(&Value) -> Option<T>) -> T {
        until(what, async || self.ledger.lock().unwrap().iter().find_map(&look)).await
    }

    /// The messages of such lines; one that may come again is there once.
    fn lines(&self, what: &str, queue: &str, may_repeat: impl Fn(&Value) -> bool) -> Vec<Value> {
        let ledger = self.ledger.lock().unwrap();
        let mut messages: Vec<Value> = Vec::new();
        for line in ledger.iter().filter(|line| line[what] == queue) {
            if !(may_repeat(line) && messages.contains(&line["message"])) {
                messages.push(line["message"].clone());
            }
        }
        messages
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Application => "application",
        }
    }
}

impl Style {
    fn word(self) -> &'static str {
        match self {
            Self::Vumi => "vumi",
            Self::Vumi2 => "vumi2",
        }
    }
}
