//! F32: a process that was stopped for too long wakes up when others have its work. It sends nothing twice.

use crate::line::{Line, text};
use crate::world::{World, demo, soon};
use ngoma_engine::{Limits, Status, StoreChoice};
use ngoma_message::MessageId;
use ngoma_testkit::servers::{self, Database};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a process is silent until its lease is over.
const SILENCE: Duration = Duration::from_secs(60);

/// Two processes on one database, each with its data folder and clock.
struct Pair {
    sleeper: World,
    other: World,
    database: Database,
}

impl Pair {
    /// Nothing where there are no servers.
    async fn prepare(limits: Limits) -> Option<Self> {
        if !servers::available() {
            return None;
        }
        let database = servers::postgres().database();
        let mut sleeper = World::empty();
        sleeper.store = StoreChoice::Postgres(database.url());
        // It beats only when it is asked to: as if it were stopped.
        sleeper.limits = Limits {
            beat_every: Duration::from_secs(3600),
            ..limits
        };
        sleeper.open().await;
        sleeper.engine().apply(demo("demo")).await.unwrap();
        let mut other = World::empty();
        other.store = sleeper.store.clone();
        other.open().await;
        Some(Self {
            sleeper,
            other,
            database,
        })
    }

    /// The sleeper is silent until its lease is over, and the other takes its work.
    async fn take_over(&self) {
        let lapse = "UPDATE ngoma.worker SET lease_until = 0 WHERE epoch = (SELECT min(epoch) FROM ngoma.worker)";
        self.database.query(lapse);
        let freed = self.other.engine().free_leases_of_the_dead().await.unwrap();
        assert_eq!(freed, 1);
    }

    fn wake(&self) {
        self.sleeper.clock.advance(SILENCE);
    }

    /// The sleeper goes on under a lease of its own.
    async fn check_goes_on(&self) {
        let line = self.sleeper.line("demo/sms");
        line.take(text("+9", "still here")).await;
        let sent = soon(line.next_sent()).await;
        assert!(sent.content.ends_with("still here"), "{}", sent.content);
        self.sleeper.reaches("+9", &sent.id, Status::Sent).await;
        soon(self.sleeper.engine().stop()).await;
        assert!(!line.has_sent());
    }
}

fn gated(line: &Line) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    gate
}

async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_sleeper_sends_nothing_that_another_process_has() {
    let one_at_once = Limits {
        sending_at_once: 1,
        ..Limits::default()
    };
    let Some(pair) = Pair::prepare(one_at_once).await else {
        return;
    };
    let line = pair.sleeper.line("demo/sms");
    let gate = gated(&line);
    let mut asked = Vec::new();
    for person in 1..4 {
        asked.push(line.take(text(&format!("+{person}"), "hi")).await);
    }
    let begun = soon(line.next_sent()).await;
    for (person, id) in (1..).zip(&asked) {
        pair.sleeper.reaches(&format!("+{person}"), id, Status::Handled).await;
    }
    pair.take_over().await;
    let person_of = |id: &MessageId| (1..4).find(|person| asked[person - 1] == *id).unwrap();
    let person = format!("+{}", person_of(begun.in_reply_to.as_ref().unwrap()));
    // Whoever takes it over cannot know what the sleeper had begun.
    pair.other.reaches(&person, &begun.id, Status::Unknown).await;
    pair.wake();
    gate.add_permits(10);
    let late = pair.other.reaches(&person, &begun.id, Status::Sent).await;
    assert!(!late.possible_duplicate, "it was sent once");
    // The others were sent by whoever has them now, the sleeper under its new lease too.
    let others = pair.other.line("demo/sms");
    let mut sent = HashSet::from([begun.id]);
    for _ in 0..2 {
        let next = async {
            tokio::select! {
                sent = others.next_sent() => sent,
                sent = line.next_sent() => sent,
            }
        };
        assert!(sent.insert(soon(next).await.id));
    }
    pair.check_goes_on().await;
    assert!(!others.has_sent());
}

#[tokio::test]
async fn a_step_of_a_sleeper_is_not_stored_when_another_process_has_the_message() {
    let Some(pair) = Pair::prepare(Limits::default()).await else {
        return;
    };
    let line = pair.sleeper.line("demo/sms");
    let id = line.take(text("+1", "wait")).await;
    until(|| pair.sleeper.script.begun.load(Ordering::SeqCst) == 1).await;
    pair.take_over().await;
    pair.other.script.gate.add_permits(1);
    let answer = soon(pair.other.line("demo/sms").next_sent()).await;
    assert_eq!(answer.in_reply_to.as_ref(), Some(&id));
    pair.wake();
    pair.sleeper.script.gate.add_permits(1);
    pair.check_goes_on().await;
    pair.other
        .check_story("+1", &["in handled wait", "out sent 1 - wait"])
        .await;
}

/// Nobody took its work: it learns so before it goes on.
#[tokio::test]
async fn a_sleeper_that_lost_nothing_goes_on_with_what_it_has() {
    let Some(pair) = Pair::prepare(Limits::default()).await else {
        return;
    };
    let line = pair.sleeper.line("demo/sms");
    line.take(text("+1", "wait")).await;
    until(|| pair.sleeper.script.begun.load(Ordering::SeqCst) == 1).await;
    pair.wake();
    pair.sleeper.script.gate.add_permits(1);
    assert_eq!(soon(line.next_sent()).await.content, "1 - wait");
    assert_eq!(pair.other.engine().free_leases_of_the_dead().await.unwrap(), 0);
    pair.check_goes_on().await;
}

#[tokio::test]
async fn a_process_that_stops_leaves_its_work_to_the_others_at_once() {
    let Some(pair) = Pair::prepare(Limits {
        drain: Duration::ZERO,
        ..Limits::default()
    })
    .await
    else {
        return;
    };
    let line = pair.sleeper.line("demo/sms");
    line.take(text("+1", "wait")).await;
    until(|| pair.sleeper.script.begun.load(Ordering::SeqCst) == 1).await;
    soon(pair.sleeper.engine().stop()).await;
    pair.other.script.gate.add_permits(1);
    pair.other.engine().look_for_due_work();
    assert_eq!(soon(pair.other.line("demo/sms").next_sent()).await.content, "1 - wait");
}
