//! F21: the database is away. What arrives waits in the spool, and nothing is lost, doubled or overtaken.

use crate::line::{Line, text, turn};
use crate::world::{World, demo, soon};
use ngoma_engine::channel::{Receipt, ReceiptFor, ReceiveError, Received, Reported, Sent};
use ngoma_engine::{Direction, MessageRecord, Readiness, Status, StoreChoice};
use ngoma_message::{DeliveryStatus, MessageId};
use ngoma_testkit::servers::{self, Database, PostgresServer};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A world on a database server of its own.
struct Outage {
    world: World,
    server: PostgresServer,
    database: Database,
}

impl Outage {
    /// Nothing where there are no servers.
    async fn prepare(change: impl FnOnce(&mut World)) -> Option<Self> {
        if !servers::available() {
            return None;
        }
        let server = PostgresServer::start();
        let database = server.database();
        let mut world = World::empty();
        world.store = StoreChoice::Postgres(database.url());
        change(&mut world);
        world.open().await;
        world.engine().apply(demo("demo")).await.unwrap();
        Some(Self {
            world,
            server,
            database,
        })
    }

    /// Waits until the store has everything.
    async fn drained(&self) {
        soon(async {
            while self.world.engine().spool_status().messages > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(self.world.engine().spool_status().refused, 0);
    }

    async fn check_degraded(&self, at_least: u64) {
        let status = self.world.engine().spool_status();
        assert!(status.messages >= at_least && status.oldest.is_some(), "{status:?}");
        let Ok(Readiness::Degraded(degraded)) = self.world.engine().ready().await else {
            panic!("it is ready, or refuses")
        };
        assert!(degraded.contains("messages are in the spool"), "{degraded}");
    }

    /// Every message to `+2` is delivered, and was told so once.
    fn check_delivered(&self, count: usize) {
        let asked = "SELECT count(*), count(DISTINCT message) FROM ngoma.message_event WHERE kind = 'delivered'";
        assert_eq!(self.database.query(asked), format!("{count}|{count}"));
        let asked = "SELECT count(*) FROM ngoma.message WHERE status = 6 AND address = 'tel:+2'";
        assert_eq!(self.database.query(asked), count.to_string());
    }

    /// Waits until these messages of `+1` were worked on: in the order they were answered, each once. The service counts
    /// its turns, so a message lost, done twice or overtaken changes the numbers.
    async fn check_handled_in_order(&self, answered: &[MessageId], turns_before: usize) {
        let thread = soon(async {
            loop {
                let thread = self.world.thread("demo", "+1").await;
                if thread.iter().filter(|message| message.status == Status::Sent).count() >= answered.len() {
                    return thread;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        let is_inbound = |message: &&MessageRecord| message.direction == Direction::Inbound;
        let inbound: Vec<&MessageRecord> = thread.iter().filter(is_inbound).collect();
        let ids: Vec<MessageId> = inbound.iter().map(|message| message.id.clone()).collect();
        assert_eq!(ids, answered);
        assert_eq!(thread.len(), 2 * answered.len());
        for (turn, message) in (turns_before + 1..).zip(&inbound) {
            let expected = format!("{turn} - {}", message.content.as_deref().unwrap());
            let is_answer = |answer: &&MessageRecord| answer.in_reply_to.as_ref() == Some(&message.id);
            let answer = thread.iter().find(is_answer).unwrap();
            assert_eq!(answer.content.as_deref(), Some(expected.as_str()));
            assert_eq!((message.status, answer.possible_duplicate), (Status::Handled, false));
        }
    }
}

/// A sender who tries again until the door takes a message, as carriers do.
async fn send(line: &Line, content: &str) -> MessageId {
    let mut inbound = text("+1", content);
    inbound.provider_id = Some(format!("provider {content}"));
    loop {
        match line.receive(inbound.clone()).await {
            Ok(Received::Stored) => return inbound.id,
            Ok(Received::Duplicate(known)) => return known,
            Err(ReceiveError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn report(line: &Line, number: usize) -> Reported {
    let receipt = Receipt {
        about: ReceiptFor::ProviderId(format!("carrier {number}")),
        status: DeliveryStatus::Delivered,
        reason: None,
    };
    soon(line.ctx.door.report(receipt)).await.unwrap()
}

/// Sends messages out that the carrier takes under ids it will report.
async fn send_out(world: &World, count: usize) {
    let line = world.line("demo/sms");
    for number in 0..count {
        line.outcomes.lock().unwrap().push_back(Ok(Sent {
            provider_id: Some(format!("carrier {number}")),
        }));
        line.take(text("+2", "hi")).await;
        let id = soon(line.next_sent()).await.id;
        world.reaches("+2", &id, Status::Sent).await;
    }
}

/// How often each text went out.
async fn check_sent_once(line: &Line, count: usize) {
    let mut texts = HashSet::new();
    for _ in 0..count {
        assert!(texts.insert(soon(line.next_sent()).await.id));
    }
    assert!(!line.has_sent());
}

#[tokio::test]
async fn a_database_killed_under_a_flow_loses_doubles_and_reorders_nothing() {
    const EACH: usize = 40;
    let Some(outage) = Outage::prepare(|_| ()).await else {
        return;
    };
    let line = outage.world.line("demo/sms");
    send_out(&outage.world, 3 * EACH).await;
    let mut answered = Vec::new();
    for number in 0..3 * EACH {
        match number {
            EACH => outage.server.kill_immediate(),
            number if number == 2 * EACH => {
                outage.check_degraded(EACH as u64).await;
                outage.server.restart();
            }
            _ => {}
        }
        answered.push(soon(send(&line, &format!("n{number}"))).await);
        report(&line, number).await;
    }
    outage.drained().await;
    assert_eq!(outage.world.engine().ready().await, Ok(Readiness::Ready));
    outage.check_handled_in_order(&answered, 3 * EACH).await;
    check_sent_once(&line, 3 * EACH).await;
    outage.check_delivered(3 * EACH);
}

#[tokio::test]
async fn what_was_spooled_is_stored_by_the_next_process_and_once_however_often_it_is_tried() {
    let Some(mut outage) = Outage::prepare(|_| ()).await else {
        return;
    };
    let line = outage.world.line("demo/sms");
    send_out(&outage.world, 20).await;
    outage.server.kill_immediate();
    let mut answered = Vec::new();
    for number in 0..20 {
        answered.push(soon(send(&line, &format!("n{number}"))).await);
        assert_eq!(report(&line, number).await, Reported::Held);
    }
    outage.world.end();
    let copies = read_spool(outage.world.path());
    outage.server.restart();
    for _ in 0..2 {
        // As if the process before had been killed after the store's commit and before the spool's.
        outage.world.end();
        write_spool(outage.world.path(), &copies);
        outage.world.open().await;
        outage.drained().await;
        outage.check_handled_in_order(&answered, 20).await;
        outage.check_delivered(20);
    }
    assert_eq!(outage.world.script.seen.lock().unwrap().len(), 40);
}

#[tokio::test]
async fn a_full_spool_refuses_and_what_it_took_is_stored() {
    let prepared = Outage::prepare(|world| world.limits.spool_messages = 10).await;
    let Some(outage) = prepared else { return };
    let line = outage.world.line("demo/sms");
    outage.server.kill_immediate();
    let mut answered = Vec::new();
    let refused = loop {
        let inbound = text("+1", "hi");
        let id = inbound.id.clone();
        match soon(line.receive(inbound)).await {
            Ok(_) => answered.push(id),
            Err(error) => break error,
        }
    };
    assert!(
        refused.to_string().contains("the spool is full with 10 messages"),
        "{refused}"
    );
    assert_eq!(answered.len(), 10);
    let unready = outage.world.engine().ready().await.unwrap_err();
    assert!(unready.contains("the spool is full with 10 messages"), "{unready}");
    outage.server.restart();
    outage.drained().await;
    answered.push(soon(send(&line, "room")).await);
    outage.check_handled_in_order(&answered, 0).await;
}

#[tokio::test]
async fn a_person_who_waits_gets_the_channels_text_while_the_database_is_away() {
    let Some(outage) = Outage::prepare(|_| ()).await else {
        return;
    };
    let line = outage.world.line("demo/ussd");
    outage.server.kill_immediate();
    let id = line.take(turn("+1", "s", "new", "hi")).await;
    let (given_up, reason) = soon(line.next_given_up()).await;
    assert_eq!(given_up, id);
    assert!(reason.contains("the store is not available"), "{reason}");
    let fallback = line.ctx.door.record_fallback(&id, "Try later.", true, &reason);
    soon(fallback).await.unwrap();
    let close = line.take(turn("+1", "s", "close", "bye")).await;
    outage.world.clock.advance(Duration::from_secs(5));
    outage.server.restart();
    outage.drained().await;
    outage.world.reaches("+1", &close, Status::Handled).await;
    let answer = soon(line.next_sent()).await.id;
    outage.world.reaches("+1", &answer, Status::Sent).await;
    let mut story = outage.world.story("+1").await;
    story.sort();
    let expected = [
        "in expired hi",
        "in handled bye",
        "out sent 1 close bye",
        "out sent Try later.",
    ];
    assert_eq!(story, expected);
}

/// The carrier's answer came while the database was away: it is stored when that is back. What has no recorded attempt
/// is not sent meanwhile.
#[tokio::test]
async fn outcomes_wait_for_the_database_and_no_attempt_begins_without_it() {
    let prepared = Outage::prepare(|world| world.limits.sending_at_once = 5).await;
    let Some(outage) = prepared else { return };
    let line = outage.world.line("demo/sms");
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let mut answered = Vec::new();
    for number in 0..20 {
        answered.push(soon(send(&line, &format!("n{number}"))).await);
    }
    let mut sent = HashSet::new();
    for _ in 0..5 {
        sent.insert(soon(line.next_sent()).await.id);
    }
    // All are accepted: fifteen wait for a place among those that are sent at once.
    outage.world.reaches("+1", &answered[19], Status::Handled).await;
    outage.server.kill_immediate();
    gate.add_permits(20);
    let readiness = outage.world.engine().ready().await;
    assert!(matches!(readiness, Ok(Readiness::Degraded(_))), "{readiness:?}");
    assert!(!line.has_sent());
    outage.server.restart();
    for _ in 5..20 {
        assert!(sent.insert(soon(line.next_sent()).await.id));
    }
    outage.check_handled_in_order(&answered, 0).await;
    assert!(!line.has_sent());
}

#[tokio::test]
async fn order_holds_where_memory_is_small() {
    let prepared = Outage::prepare(|world| world.limits.waiting_in_memory = 3).await;
    let Some(outage) = prepared else { return };
    let line = outage.world.line("demo/sms");
    outage.server.kill_immediate();
    let mut answered = Vec::new();
    for number in 0..40 {
        answered.push(soon(send(&line, &format!("n{number}"))).await);
    }
    outage.server.restart();
    outage.check_handled_in_order(&answered, 0).await;
    outage.drained().await;
}

/// A server that hangs answers nobody: the door has patience for a while, then spools, and what the database commits
/// later all the same is not done twice.
#[tokio::test]
async fn a_database_that_hangs_is_as_good_as_away() {
    let prepared = Outage::prepare(|world| world.limits.store_patience = Duration::from_millis(50)).await;
    let Some(outage) = prepared else { return };
    let line = outage.world.line("demo/sms");
    outage.server.pause();
    let mut answered = Vec::new();
    for number in 0..10 {
        answered.push(soon(send(&line, &format!("n{number}"))).await);
    }
    outage.server.resume();
    outage.drained().await;
    outage.check_handled_in_order(&answered, 0).await;
    check_sent_once(&line, 10).await;
}

fn read_spool(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap();
    let spool = files
        .map(|file| file.unwrap())
        .filter(|file| file.file_name().to_string_lossy().starts_with("spool.db"));
    spool
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, std::fs::read(file.path()).unwrap())
        })
        .collect()
}

fn write_spool(folder: &Path, files: &[(String, Vec<u8>)]) {
    for (name, _) in read_spool(folder) {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    for (name, content) in files {
        std::fs::write(folder.join(name), content).unwrap();
    }
}
