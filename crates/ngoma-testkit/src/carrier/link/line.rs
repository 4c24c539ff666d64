//! A connection on which both sides ask and answer: one JSON object a line, an answer under the number of its question.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc, oneshot};

/// How many lines wait to be written.
const LINES: usize = 256;

/// One side of a connection; its clones are the same side.
#[derive(Clone)]
pub(in crate::carrier) struct Link(Arc<Inside>);

struct Inside {
    lines: mpsc::Sender<Line>,
    /// Who waits for an answer; nobody any more when the connection is gone.
    asked: Mutex<Option<HashMap<u64, oneshot::Sender<Value>>>>,
    next: AtomicU64,
    hung_up: Notify,
}

/// ```json
/// {"ask":[7,{"submit":{"message_id":"a-1","from":"31022","to":"+27831234567","text":"Welcome."}}]}
/// {"answer":[7,{"answer":"accepted","provider_id":"1000001"}]}
/// ```
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Ask(u64, Value),
    Answer(u64, Value),
}

impl Link {
    /// A side, and the work that lasts as long as the connection. Questions are answered at the same time; one that gets
    /// no answer ends the connection.
    pub(super) fn over<F, Answering>(stream: TcpStream, answer: F) -> (Self, impl Future<Output = ()>)
    where
        F: Fn(Value) -> Answering,
        Answering: Future<Output = Option<Value>> + Send + 'static,
    {
        let (lines, to_write) = mpsc::channel(LINES);
        let link = Self(Arc::new(Inside {
            lines,
            asked: Mutex::new(Some(HashMap::new())),
            next: AtomicU64::new(1),
            hung_up: Notify::new(),
        }));
        let ending = Ending(link.clone());
        let work = async move {
            let (from, to) = stream.into_split();
            tokio::select! {
                () = write(to, to_write) => {}
                () = read(from, &ending.0, answer) => {}
                () = ending.0.0.hung_up.notified() => {}
            }
        };
        (link, work)
    }

    /// Asks the other side; nothing when the connection ends first.
    pub(super) async fn ask(&self, question: Value) -> Option<Value> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.asked().as_mut()?.insert(number, answer);
        self.0.lines.send(Line::Ask(number, question)).await.ok()?;
        answered.await.ok()
    }

    /// Whether the connection has ended.
    pub(in crate::carrier) fn is_gone(&self) -> bool {
        self.asked().is_none()
    }

    fn asked(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Value>>>> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells who waits that no answer will come, however the work on a connection ends.
struct Ending(Link);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.asked().take();
    }
}

async fn write(mut to: OwnedWriteHalf, mut lines: mpsc::Receiver<Line>) {
    while let Some(line) = lines.recv().await {
        let mut text = serde_json::to_vec(&line).expect("a line is JSON");
        text.push(b'\n');
        if to.write_all(&text).await.is_err() {
            return;
        }
    }
}

async fn read<F, Answering>(from: OwnedReadHalf, link: &Link, answer: F)
where
    F: Fn(Value) -> Answering,
    Answering: Future<Output = Option<Value>> + Send + 'static,
{
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        match serde_json::from_str(&text).expect("the other side writes lines of ours") {
            Line::Ask(number, question) => {
                tokio::spawn(reply(link.clone(), number, answer(question)));
            }
            Line::Answer(number, value) => {
                let waiting = link.asked().as_mut().and_then(|asked| asked.remove(&number));
                // Whoever gave up waiting is not told.
                let _ = waiting.map(|waiting| waiting.send(value));
            }
        }
    }
}

async fn reply(link: Link, number: u64, answering: impl Future<Output = Option<Value>>) {
    match answering.await {
        // A connection that is gone takes no answers.
        Some(answer) => drop(link.0.lines.send(Line::Answer(number, answer)).await),
        None => link.0.hung_up.notify_one(),
    }
}
