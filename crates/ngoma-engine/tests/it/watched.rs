//! What somebody on duty watches: each metric of the list is there, and moves with the real thing.

use crate::line::text;
use crate::metrics::{check, number};
use crate::world::{World, demo, soon};
use ngoma_engine::channel::{Receipt, ReceiptFor, SendErrorKind};
use ngoma_engine::directory::{ChannelPolicy, Document};
use ngoma_engine::{Limits, OnAmbiguous, QueueChoice, StoreChoice, Submission};
use ngoma_message::DeliveryStatus;
use ngoma_testkit::servers::{self, PostgresServer};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const MINUTE: Duration = Duration::from_secs(60);

fn of_sms(name: &str) -> String {
    format!("{name}{{account=\"demo\",channel=\"sms\"}}")
}

fn of_queue(name: &str) -> String {
    format!("{name}{{kind=\"inbound\",account=\"demo\",channel=\"sms\"}}")
}

/// A channel that sends once more what may have been sent.
fn resending() -> Document {
    let mut document = demo("demo");
    let channels = &mut document.accounts.get_mut("demo").unwrap().channels;
    channels.get_mut("sms").unwrap().policy = ChannelPolicy {
        on_ambiguous: OnAmbiguous::Resend,
        ..ChannelPolicy::default()
    };
    document
}

/// Every metric of the list but the two that need a server, each by what moves it.
#[tokio::test]
async fn each_metric_moves_with_the_real_thing() {
    let mut world = World::empty();
    world.limits.waiting_in_memory = 1;
    world.open().await;
    world.engine().apply(resending()).await.unwrap();
    let line = world.line("demo/sms");
    let commits = ["ngoma_commit_operations_count", "ngoma_commit_seconds_count"];
    let before = world.engine().metrics_text().await;

    // Accepted from a client and, held by the carrier, in the window.
    let gate = Arc::new(Semaphore::new(0));
    *line.gate.lock().unwrap() = Some(Arc::clone(&gate));
    line.will(&[SendErrorKind::Ambiguous]);
    let token = world.engine().create_token("demo", "test").await.unwrap().unwrap();
    let client = world.engine().client(&token).await.unwrap().unwrap();
    let submission = Submission {
        channel: "sms".into(),
        to: "+27831234567".into(),
        content: "hi".into(),
        ..Submission::default()
    };
    let accepted = world.engine().accept(&client, vec![submission], None).await.unwrap();
    check(&world, &of_sms("ngoma_messages_accepted_total"), 1.0).await;
    check(&world, &of_sms("ngoma_window_in_use"), 1.0).await;

    // Nobody knows whether it went out; a minute later it goes again.
    gate.add_permits(1);
    check(&world, &of_sms("ngoma_messages_ambiguous_total"), 1.0).await;
    check(&world, &of_sms("ngoma_window_in_use"), 0.0).await;
    gate.add_permits(1);
    world.advance(MINUTE);
    check(&world, &of_sms("ngoma_messages_sent_total"), 1.0).await;
    check(&world, &of_sms("ngoma_messages_possible_duplicates_total"), 1.0).await;
    let receipt = Receipt {
        about: ReceiptFor::MessageId(accepted[0].clone()),
        status: DeliveryStatus::Delivered,
        reason: None,
    };
    line.ctx.door.report(receipt).await.unwrap();
    check(&world, &of_sms("ngoma_messages_delivered_total"), 1.0).await;

    // One is worked on, and another waits for its place.
    line.take(text("+1", "wait")).await;
    line.take(text("+2", "wait")).await;
    world.clock.advance(Duration::from_secs(7));
    check(&world, &of_queue("ngoma_queue_oldest_ready_seconds"), 7.0).await;
    gate.add_permits(2);
    world.script.gate.add_permits(2);
    check(&world, &of_queue("ngoma_queue_oldest_ready_seconds"), 0.0).await;

    // All of it was written in transactions, each confirmed by the disk.
    let after = world.engine().metrics_text().await;
    for count in commits {
        assert!(number(&after, count) > number(&before, count), "{count} in\n{after}");
    }
}

#[tokio::test]
async fn the_spools_bytes_grow_while_the_database_is_away() {
    if !servers::available() {
        return;
    }
    let server = PostgresServer::start();
    let mut world = World::empty();
    world.store = StoreChoice::Postgres(server.database().url());
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    check(&world, "ngoma_spool_bytes", 0.0).await;
    server.kill_immediate();
    soon(world.line("demo/sms").receive(text("+1", "hi"))).await.unwrap();
    let spooled = world.engine().spool_status().bytes;
    assert!(spooled > 0);
    check(&world, "ngoma_spool_bytes", spooled as f64).await;
    server.restart();
    check(&world, "ngoma_spool_bytes", 0.0).await;
}

/// A broker that is not there: what is due waits in the store.
#[tokio::test]
async fn the_outbox_lags_while_the_broker_is_away() {
    let mut world = World::empty();
    world.queue = QueueChoice::Amqp {
        url: "amqp://guest:guest@127.0.0.1:1".into(),
        partitions: 1,
    };
    world.limits = Limits {
        // The door's own way leads through memory.
        waiting_in_memory: 1,
        ..world.limits
    };
    world.open().await;
    world.engine().apply(demo("demo")).await.unwrap();
    check(&world, "ngoma_outbox_lag_seconds", 0.0).await;
    let line = world.line("demo/sms");
    line.take(text("+1", "wait")).await;
    line.take(text("+2", "hi")).await;
    world.clock.advance(Duration::from_secs(7));
    check(&world, "ngoma_outbox_lag_seconds", 7.0).await;
}

/// A sign of life of each process, whatever the store is.
#[tokio::test]
async fn a_worker_beats_again_and_again() {
    let mut world = World::empty();
    world.limits.beat_every = Duration::from_millis(1);
    world.open().await;
    let first = world.engine().workers().await.unwrap()[0].clone();
    soon(async {
        while world.engine().workers().await.unwrap()[0].beat_at <= first.beat_at {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(world.engine().workers().await.unwrap()[0].epoch, first.epoch);
}
