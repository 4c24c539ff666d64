//! F29: the power goes. What was answered is there when the files are read again, whatever the disk had of the rest.

use crate::line::{Line, text};
use crate::world::{World, soon};
use ngoma_engine::{Direction, MessageRecord};
use ngoma_message::MessageId;
use rusqlite::Connection;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

const ROUNDS: u64 = 8;

/// Numbers of no pattern; the seed is told when a test fails.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below.max(1)
    }
}

/// What was answered, and by whom it was sent.
type Answered = Arc<Mutex<HashMap<MessageId, String>>>;

/// Begins to send messages at once; each is noted when it is answered.
fn begin(line: &Arc<Line>, answered: &Answered, count: u64) -> JoinSet<()> {
    let mut sending = JoinSet::new();
    for number in 0..count {
        let (line, answered) = (Arc::clone(line), Arc::clone(answered));
        sending.spawn(async move {
            let person = format!("+{}", number % 5);
            let id = line.take(text(&person, "hi")).await;
            answered.lock().unwrap().insert(id, person);
        });
    }
    sending
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_power_went() {
    if World::is_on_postgres() {
        return;
    }
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
    let mut dice = Dice(seed);
    let world = World::new().await;
    let line = world.line("demo/sms");
    let answered = Answered::default();
    for round in 0..ROUNDS {
        // While this reads, the log is not begun anew: the copy is as the disk would be at one moment.
        let reader = Connection::open(world.path().join("ngoma.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM message").unwrap();
        let mut first = begin(&line, &answered, dice.throw(30));
        soon(async { while first.join_next().await.is_some() {} }).await;
        let safe = answered.lock().unwrap().clone();
        let synced = log_length(world.path());
        let mut second = begin(&line, &answered, dice.throw(30));
        for _ in 0..dice.throw(200) {
            tokio::task::yield_now().await;
        }
        let lost = copy(world.path(), synced, &mut dice);
        soon(async { while second.join_next().await.is_some() {} }).await;
        check(lost, &safe, &format!("seed {seed}, round {round}")).await;
    }
    assert!(answered.lock().unwrap().len() > 8, "seed {seed}");
}

fn log_length(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("ngoma.db-wal")).unwrap().len()
}

/// The files as the disk has them when the power goes: of the log anything may be missing that was not confirmed.
fn copy(folder: &Path, synced: u64, dice: &mut Dice) -> World {
    let lost = World::empty();
    for file in ["ngoma.db", "ngoma.db-wal", "folder-id"] {
        std::fs::copy(folder.join(file), lost.path().join(file)).unwrap();
    }
    let log = OpenOptions::new()
        .write(true)
        .open(lost.path().join("ngoma.db-wal"))
        .unwrap();
    let unconfirmed = log.metadata().unwrap().len() - synced;
    log.set_len(synced + dice.throw(unconfirmed + 1)).unwrap();
    lost
}

async fn check(mut lost: World, safe: &HashMap<MessageId, String>, when: &str) {
    lost.open().await;
    let mut found: Vec<MessageRecord> = Vec::new();
    for person in 0..5 {
        found.extend(lost.thread("demo", &format!("+{person}")).await);
    }
    let missing: Vec<&MessageId> = safe
        .keys()
        .filter(|id| !found.iter().any(|message| message.id == **id))
        .collect();
    assert!(missing.is_empty(), "{when}: {missing:?}");
    let answers = found.iter().filter(|message| message.direction == Direction::Outbound);
    let mut asked: Vec<_> = answers.map(|answer| answer.in_reply_to.clone()).collect();
    let count = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), count, "{when}: answered twice");
}
