//! What holds when the broker stops, is emptied, hangs or takes nothing.

use super::{classic, connected, consume, next, options, quorum, soon, to_queue, until};
use ngoma_engine::amqp::{
    Bus, BusError, BusOptions, ExchangeKind, LeaseLost, Publication, Published, QueueSpec, Status,
};
use ngoma_testkit::servers::{self, RabbitNode};
use std::time::Duration;

fn is_down(status: &Status) -> bool {
    matches!(status, Status::Down(_))
}

fn is_blocked(status: &Status) -> bool {
    matches!(status, Status::Blocked(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_nothing_is_lost_and_old_leases_are_void() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let bus = connected(&node.url()).await;
    // A quorum queue that is killed within seconds of its making comes back without a leader (RabbitMQ 3.10.8).
    bus.ensure_queue(classic("work")).await.expect("declared");
    let mut consumer = consume(&bus, "work", 10);
    assert_eq!(bus.publish(vec![to_queue("work", 1)]).await, [Published::Durable]);
    let old = next(&mut consumer).await;

    // It hangs, so that the publication is sent and not confirmed, and dies.
    node.pause();
    let publishing = bus.publish(vec![to_queue("work", 2)]);
    let (published, ()) = soon(async { tokio::join!(publishing, async { node.kill() }) }).await;
    assert!(matches!(published[..], [Published::Unknown(_)]), "{published:?}");
    until(&bus, is_down).await;
    assert_eq!(bus.ack(vec![old.token]).await, [Err(LeaseLost)]);

    let waiting = bus.publish(vec![to_queue("work", 2)]);
    let (published, ()) = soon(async { tokio::join!(waiting, async { node.restart() }) }).await;
    assert_eq!(published, [Published::Durable]);
    let again = next(&mut consumer).await;
    assert_eq!((again.body, again.is_redelivered), (old.body, true));
    assert_eq!(bus.ack(vec![old.token, again.token]).await, [Err(LeaseLost), Ok(())]);
    assert_eq!(next(&mut consumer).await.message_id.as_deref(), Some("2"));
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stop_a_quorum_queue_is_published_to_and_consumed_again() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let bus = connected(&node.url()).await;
    bus.ensure_queue(quorum("work")).await.expect("declared");
    let mut consumer = consume(&bus, "work", 10);
    assert_eq!(bus.publish(vec![to_queue("work", 1)]).await, [Published::Durable]);
    let old = next(&mut consumer).await;
    node.stop();
    until(&bus, is_down).await;
    let waiting = bus.publish(vec![to_queue("work", 2)]);
    let (published, ()) = soon(async { tokio::join!(waiting, async { node.restart() }) }).await;
    assert_eq!(published, [Published::Durable]);
    let (again, new) = (next(&mut consumer).await, next(&mut consumer).await);
    assert_eq!(
        [again.message_id.as_deref(), new.message_id.as_deref()],
        [Some("1"), Some("2")]
    );
    let settled = bus.ack(vec![old.token, again.token, new.token]).await;
    assert_eq!(settled, [Err(LeaseLost), Ok(()), Ok(())]);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_broker_gets_everything_declared_again_before_anything_is_published() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let bus = connected(&node.url()).await;
    bus.ensure_exchange("vumi", ExchangeKind::Direct)
        .await
        .expect("declared");
    bus.ensure_queue(QueueSpec::vumi("sms.inbound"))
        .await
        .expect("declared");
    bus.ensure_queue(quorum("work")).await.expect("declared");
    let mut consumer = consume(&bus, "sms.inbound", 10);
    node.wipe();
    let mut inbound = to_queue("sms.inbound", 1);
    inbound.exchange = "vumi".to_owned();
    let published = soon(published_again(&bus, vec![inbound, to_queue("work", 2)])).await;
    assert_eq!(published, [Published::Durable, Published::Durable]);
    assert_eq!(next(&mut consumer).await.body, "body 1");
    bus.close().await;
}

/// Publishes until there is a word.
async fn published_again(bus: &Bus, publications: Vec<Publication>) -> Vec<Published> {
    loop {
        let published = bus.publish(publications.clone()).await;
        if !published
            .iter()
            .any(|published| matches!(published, Published::Unknown(_)))
        {
            return published;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_short_of_memory_refuses_messages_and_still_hands_them_out() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let short = BusOptions {
        answer_within: Duration::from_secs(5),
        ..options()
    };
    let bus = Bus::open(&node.url(), short).expect("an address");
    bus.ensure_queue(quorum("work")).await.expect("declared");
    assert_eq!(bus.publish(vec![to_queue("work", 1)]).await, [Published::Durable]);

    node.ctl(&["set_vm_memory_high_watermark", "0.000001"]);
    // The broker says so when something comes after it has noticed; until then it is taken.
    let blocked = soon(async {
        while !is_blocked(&bus.status().borrow()) {
            bus.publish(vec![to_queue("work", 2)]).await;
        }
        bus.status().borrow().clone()
    })
    .await;
    let refused = Published::Refused(blocked.to_string());
    assert_eq!(
        bus.publish(vec![to_queue("work", 3), to_queue("other", 3)]).await,
        [refused.clone(), refused]
    );
    assert!(blocked.to_string().starts_with("the broker is blocked: "), "{blocked}");

    let mut consumer = consume(&bus, "work", 1);
    let leased = next(&mut consumer).await;
    assert_eq!(bus.ack(vec![leased.token]).await, [Ok(())]);
    drop(consumer);
    let waiting = async {
        tokio::join!(bus.publish(vec![to_queue("work", 4)]), async {
            node.ctl(&["set_vm_memory_high_watermark", "0.4"])
        })
    };
    let (published, _) = soon(waiting).await;
    assert_eq!(published, [Published::Durable]);
    until(&bus, Status::is_connected).await;
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_gets_no_word_in_and_is_taken_up_again() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let short = BusOptions {
        answer_within: Duration::from_secs(2),
        heartbeat: Duration::from_secs(1),
        ..options()
    };
    let bus = Bus::open(&node.url(), short).expect("an address");
    bus.ensure_queue(quorum("work")).await.expect("declared");
    node.pause();
    let published = bus.publish(vec![to_queue("work", 1)]).await;
    assert!(matches!(published[..], [Published::Unknown(_)]), "{published:?}");
    assert!(matches!(bus.depth("work").await, Err(BusError::Away(_))));
    until(&bus, is_down).await;
    node.resume();
    let published = soon(published_again(&bus, vec![to_queue("work", 1)])).await;
    assert_eq!(published, [Published::Durable]);
    let ready = bus.depth("work").await.expect("a queue").ready;
    assert!((1..=2).contains(&ready), "{ready}");
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_never_there_is_told_and_closing_takes_no_time() {
    let nowhere = ngoma_testkit::process::free_port().expect("a port");
    let short = BusOptions {
        answer_within: Duration::from_millis(300),
        ..options()
    };
    let bus = Bus::open(&format!("amqp://guest:s3cret@127.0.0.1:{nowhere}/%2f"), short).expect("an address");
    let published = bus.publish(vec![to_queue("work", 1)]).await;
    let [Published::Unknown(reason)] = &published[..] else {
        panic!("{published:?}")
    };
    assert!(reason.starts_with("the broker is away: "), "{reason}");
    let depth = bus.depth("work").await;
    assert_eq!(depth, Err(BusError::Away(bus.status().borrow().to_string())));
    assert!(!format!("{published:?}{depth:?}").contains("s3cret"));
    let mut consumer = consume(&bus, "work", 1);
    soon(bus.close()).await;
    assert!(consumer.next().await.is_none());
}
