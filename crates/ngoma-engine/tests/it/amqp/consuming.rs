//! Consuming: leases, how many there are, and how they end.

use super::{classic, connected, consume, next, quorum, soon, to_queue, until_depth, vhost};
use futures_util::FutureExt;
use ngoma_engine::amqp::{
    Binding, Bus, BusError, Consumer, Delivery, Depth, Exclusivity, LeaseLost, Published, QueueSpec, Quorum, Rejection,
    Subscription, Turns,
};
use ngoma_testkit::servers;
use std::num::NonZeroU16;

/// A bus on a vhost of its own, with the queue `work` that holds so many messages.
async fn filled(count: u32) -> (String, Bus) {
    let url = servers::rabbitmq().vhost();
    let bus = connected(&url).await;
    bus.ensure_queue(classic("work")).await.expect("declared");
    let published = bus.publish((0..count).map(|id| to_queue("work", id)).collect()).await;
    assert!(published.iter().all(|published| *published == Published::Durable));
    (url, bus)
}

/// What is here and has not been taken.
fn untaken(consumer: &mut Consumer) -> Option<Delivery> {
    consumer.next().now_or_never().flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_delivered_than_may_be_unsettled() {
    if !servers::available() {
        return;
    }
    let (url, bus) = filled(50).await;
    let mut consumer = consume(&bus, "work", 5);
    let mut leased = Vec::new();
    for _ in 0..5 {
        leased.push(next(&mut consumer).await.token);
    }
    let listing = [
        "list_queues",
        "--vhost",
        vhost(&url),
        "messages_ready",
        "messages_unacknowledged",
    ];
    assert_eq!(servers::rabbitmq().ctl(&listing), "45\t5");
    assert!(untaken(&mut consumer).is_none());

    let mut delivered = leased.len();
    while delivered < 50 {
        assert_eq!(bus.ack(leased.drain(..2).collect()).await, [Ok(()), Ok(())]);
        leased.push(next(&mut consumer).await.token);
        leased.push(next(&mut consumer).await.token);
        delivered += 2;
        // A word to the broker and back: what it might send too much is here by then.
        let depth = bus.depth("work").await.expect("a queue");
        assert_eq!(depth.ready as usize, 50 - delivered.min(50));
        if delivered + 2 > 50 {
            break;
        }
        assert!(untaken(&mut consumer).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_settled_once_and_settling_it_again_does_no_harm() {
    if !servers::available() {
        return;
    }
    let (_, bus) = filled(3).await;
    let mut consumer = consume(&bus, "work", 10);
    let first = next(&mut consumer).await.token;
    assert_eq!(bus.ack(vec![first, first]).await, [Ok(()), Ok(())]);
    assert_eq!(bus.ack(vec![first]).await, [Ok(())]);
    assert_eq!(bus.reject(first, Rejection::Requeue).await, Ok(()));
    let second = next(&mut consumer).await;
    assert_eq!(bus.reject(second.token, Rejection::Requeue).await, Ok(()));
    let third = next(&mut consumer).await;
    assert_eq!(bus.ack(vec![third.token]).await, [Ok(())]);
    let again = next(&mut consumer).await;
    assert_eq!((again.message_id, again.is_redelivered), (second.message_id, true));
    assert_eq!(bus.ack(vec![again.token]).await, [Ok(())]);
    until_depth(&bus, "work", Depth { ready: 0, consumers: 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_goes_gives_back_what_it_did_not_take_and_keeps_its_leases() {
    if !servers::available() {
        return;
    }
    let (url, bus) = filled(10).await;
    let mut consumer = consume(&bus, "work", 10);
    let taken = next(&mut consumer).await.token;
    drop(consumer);
    until_depth(&bus, "work", Depth { ready: 9, consumers: 0 }).await;
    assert_eq!(bus.ack(vec![taken]).await, [Ok(())]);
    let listing = ["list_queues", "--vhost", vhost(&url), "messages"];
    assert_eq!(servers::rabbitmq().ctl(&listing), "9");
    // Its last lease is settled and it is gone for good.
    let mut other = consume(&bus, "work", 10);
    next(&mut other).await;
    soon(async { while bus.ack(vec![taken]).await == [Ok(())] {} }).await;
    assert_eq!(bus.ack(vec![taken]).await, [Err(LeaseLost)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_or_delivered_too_often_goes_to_the_dead_letters() {
    if !servers::available() {
        return;
    }
    let bus = connected(&servers::rabbitmq().vhost()).await;
    bus.ensure_queue(quorum("dead")).await.expect("declared");
    let dead_letters = Binding {
        exchange: String::new(),
        routing_key: "dead".to_owned(),
    };
    let careful = Quorum {
        turns: Turns::SingleActive,
        delivery_limit: 1,
        length_limit: None,
        dead_letters: Some(dead_letters),
    };
    bus.ensure_queue(QueueSpec::quorum("careful", careful))
        .await
        .expect("declared");
    bus.publish(vec![to_queue("careful", 1), to_queue("careful", 2)]).await;

    let mut consumer = consume(&bus, "careful", 1);
    let unwanted = next(&mut consumer).await;
    assert_eq!(bus.reject(unwanted.token, Rejection::Discard).await, Ok(()));
    for _ in 0..2 {
        let poison = next(&mut consumer).await;
        assert_eq!(poison.message_id.as_deref(), Some("2"));
        assert_eq!(bus.reject(poison.token, Rejection::Requeue).await, Ok(()));
    }
    let mut dead = consume(&bus, "dead", 10);
    let mut ids = [next(&mut dead).await.message_id, next(&mut dead).await.message_id];
    ids.sort();
    assert_eq!(ids, [Some("1".to_owned()), Some("2".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_two_consumers_gets_messages_of_a_queue_with_one_active() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let bus = connected(&url).await;
    let single = Quorum {
        turns: Turns::SingleActive,
        delivery_limit: 20,
        length_limit: None,
        dead_letters: None,
    };
    bus.ensure_queue(QueueSpec::quorum("turns", single))
        .await
        .expect("declared");
    let mut active = consume(&bus, "turns", 1);
    until_depth(&bus, "turns", Depth { ready: 0, consumers: 1 }).await;
    let mut waiting = consume(&bus, "turns", 1);
    until_consumers(&url, 2).await;
    bus.publish(vec![to_queue("turns", 1), to_queue("turns", 2)]).await;
    let first = next(&mut active).await;
    bus.depth("turns").await.expect("a queue");
    assert!(untaken(&mut waiting).is_none());
    bus.ack(vec![first.token]).await;
    drop(active);
    assert_eq!(next(&mut waiting).await.body, "body 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_waits_for_its_queue_and_survives_its_deletion() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let bus = connected(&url).await;
    let mut consumer = consume(&bus, "late", 5);
    assert!(matches!(bus.depth("late").await, Err(BusError::NotFound(_))));
    bus.ensure_queue(quorum("late")).await.expect("declared");
    bus.publish(vec![to_queue("late", 1)]).await;
    let old = next(&mut consumer).await;

    servers::rabbitmq().ctl(&["delete_queue", "--vhost", vhost(&url), "late"]);
    // It is declared again by the subscription, which needs it; the old lease went with the queue.
    until_depth(&bus, "late", Depth { ready: 0, consumers: 1 }).await;
    bus.publish(vec![to_queue("late", 2)]).await;
    let new = next(&mut consumer).await;
    assert_eq!(new.body, "body 2");
    assert_eq!(bus.ack(vec![old.token, new.token]).await, [Err(LeaseLost), Ok(())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusive_consumer_is_alone_until_it_goes() {
    if !servers::available() {
        return;
    }
    let (_, bus) = filled(2).await;
    let subscription = Subscription {
        queue: "work".to_owned(),
        prefetch: NonZeroU16::MIN,
        exclusivity: Exclusivity::Exclusive,
    };
    let mut first = bus.consume(subscription.clone()).expect("a name");
    let leased = next(&mut first).await;
    let mut second = bus.consume(subscription).expect("a name");
    let alone = Depth { ready: 1, consumers: 1 };
    assert_eq!(bus.depth("work").await, Ok(alone));
    assert_eq!(bus.ack(vec![leased.token]).await, [Ok(())]);
    drop(first);
    let leased = next(&mut second).await;
    assert_eq!(bus.ack(vec![leased.token]).await, [Ok(())]);
}

/// Waits until the broker lists so many consumers; a depth counts only the active one.
async fn until_consumers(url: &str, count: usize) {
    let listing = ["list_consumers", "--vhost", vhost(url), "channel_pid"];
    let looking = async {
        while servers::rabbitmq().ctl(&listing).lines().count() < count {
            tokio::task::yield_now().await;
        }
    };
    soon(looking).await;
}
