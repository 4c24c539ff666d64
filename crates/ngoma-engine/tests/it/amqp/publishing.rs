//! Publishing: every publication gets the word that is true of it.

use super::{classic, connected, consume, next, options, quorum, soon, to_queue, until, vhost};
use futures_util::FutureExt;
use ngoma_engine::amqp::{
    Bus, BusOptions, ExchangeKind, HeaderValue, Headers, Publication, Published, QueueSpec, Quorum, Turns,
};
use ngoma_testkit::servers;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_confirmed_and_arrives_as_it_was() {
    if !servers::available() {
        return;
    }
    let bus = connected(&servers::rabbitmq().vhost()).await;
    bus.ensure_queue(quorum("work")).await.expect("declared");
    let publication = Publication {
        content_type: Some("application/json".to_owned()),
        priority: Some(3),
        headers: Headers::from([("attempt".to_owned(), HeaderValue::Number(2))]),
        ..to_queue("work", 1)
    };
    let published = bus.publish(vec![publication, to_queue("work", 2)]).await;
    assert_eq!(published, [Published::Durable, Published::Durable]);

    let mut consumer = consume(&bus, "work", 10);
    let (first, second) = (next(&mut consumer).await, next(&mut consumer).await);
    assert_eq!(first.body, "body 1");
    assert_eq!((first.routing_key.as_str(), first.is_redelivered), ("work", false));
    assert_eq!(first.content_type.as_deref(), Some("application/json"));
    assert_eq!(first.headers.get("attempt"), Some(&HeaderValue::Number(2)));
    assert_eq!(second.message_id.as_deref(), Some("2"));
    assert_eq!(bus.ack(vec![first.token, second.token]).await, [Ok(()), Ok(())]);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_gets_is_told_and_what_cannot_be_sent_is_refused() {
    if !servers::available() {
        return;
    }
    let bus = connected(&servers::rabbitmq().vhost()).await;
    bus.ensure_queue(quorum("work")).await.expect("declared");
    let nameless = Publication {
        message_id: String::new(),
        ..to_queue("work", 3)
    };
    let published = bus
        .publish(vec![to_queue("work", 1), to_queue("nowhere", 2), nameless])
        .await;
    let refused = Published::Refused("it has no message id".to_owned());
    assert_eq!(published, [Published::Durable, Published::Unroutable, refused]);
    assert_eq!(bus.publish(Vec::new()).await, []);
}

/// The library gives what came back to any confirmation; see that it is told of the right ones.
#[tokio::test(flavor = "multi_thread")]
async fn among_many_the_right_ones_are_unroutable_and_the_rest_arrives_in_order() {
    if !servers::available() {
        return;
    }
    let narrow = BusOptions { lanes: 1, ..options() };
    let bus = Bus::open(&servers::rabbitmq().vhost(), narrow).expect("an address");
    bus.ensure_queue(quorum("work")).await.expect("declared");
    let is_routable = |id: u32| id.is_multiple_of(2);
    let publication = |id: u32| match is_routable(id) {
        true => to_queue("work", id),
        false => to_queue("nowhere", id),
    };
    let published = bus.publish((0..4000).map(publication).collect()).await;
    for (id, published) in (0..).zip(published) {
        let expected = match is_routable(id) {
            true => Published::Durable,
            false => Published::Unroutable,
        };
        assert_eq!(published, expected, "{id}");
    }
    let mut consumer = consume(&bus, "work", 100);
    for id in (0..4000).filter(|&id| is_routable(id)) {
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.message_id, Some(id.to_string()));
        assert_eq!(bus.ack(vec![delivery.token]).await, [Ok(())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses() {
    if !servers::available() {
        return;
    }
    let bus = connected(&servers::rabbitmq().vhost()).await;
    let quorum = Quorum {
        turns: Turns::Competing,
        delivery_limit: 20,
        length_limit: Some(1),
        dead_letters: None,
    };
    bus.ensure_queue(QueueSpec::quorum("small", quorum))
        .await
        .expect("declared");
    // The limit is kept about: some more are taken before the queue has told its publishers.
    let mut published = Vec::new();
    for id in 0..20 {
        published.extend(bus.publish(vec![to_queue("small", id)]).await);
    }
    let refused = Published::Refused("the queue is full or fails".to_owned());
    assert!(published.starts_with(&[Published::Durable]), "{published:?}");
    assert!(published.ends_with(&[refused]), "{published:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_missing_spoils_only_what_is_on_its_way_with_it() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let bus = connected(&url).await;
    bus.ensure_queue(quorum("work")).await.expect("declared");
    let astray = Publication {
        exchange: "missing".to_owned(),
        ..to_queue("work", 1)
    };
    let published = bus.publish(vec![astray.clone()]).await;
    let [Published::Unknown(reason)] = &published[..] else {
        panic!("{published:?}")
    };
    assert!(reason.contains("no exchange 'missing'"), "{reason}");
    // Every lane works afterwards, that one too.
    for queue in (0..16).map(|number| format!("q{number}")) {
        bus.ensure_queue(quorum(&queue)).await.expect("declared");
        assert_eq!(bus.publish(vec![to_queue(&queue, 1)]).await, [Published::Durable]);
    }
    bus.ensure_exchange("missing", ExchangeKind::Fanout)
        .await
        .expect("declared");
    assert_eq!(bus.publish(vec![astray]).await, [Published::Unroutable]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_never_confirms_holds_up_no_other() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let narrow = BusOptions {
        answer_within: Duration::from_secs(2),
        lanes: 2,
        unconfirmed_max: 2,
        ..options()
    };
    let bus = Bus::open(&url, narrow).expect("an address");
    bus.ensure_queue(quorum("stuck")).await.expect("declared");
    let process = format!("'{}_stuck'", vhost(&url));
    servers::rabbitmq().ctl(&["eval", &format!("sys:suspend(whereis({process})).")]);
    let published = bus.publish(vec![to_queue("stuck", 1), to_queue("stuck", 2)]).await;
    assert!(
        matches!(published[..], [Published::Unknown(_), Published::Unknown(_)]),
        "{published:?}"
    );
    // So many that some share its lane.
    let others = (0..100).map(|number| to_queue(&format!("other-{number}"), number));
    let published = bus.publish(others.collect()).await;
    assert_eq!(published, vec![Published::Unroutable; 100]);

    servers::rabbitmq().ctl(&["eval", &format!("sys:resume(whereis({process})).")]);
    assert_eq!(bus.publish(vec![to_queue("stuck", 2)]).await, [Published::Durable]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_begun_goes_on_when_nobody_waits_and_closing_waits_for_it() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let bus = connected(&url).await;
    bus.ensure_queue(classic("work")).await.expect("declared");
    for id in 0..50 {
        let publishing = bus.publish(vec![to_queue("work", id)]);
        assert_eq!(publishing.now_or_never(), None, "{id}");
    }
    let mut consumer = consume(&bus, "work", 1);
    let delivery = next(&mut consumer).await;
    let (closed, settled) = soon(async {
        tokio::join!(bus.close(), async {
            assert!(consumer.next().await.is_none());
            bus.ack(vec![delivery.token]).await
        })
    })
    .await;
    assert_eq!((closed, settled), ((), vec![Ok(())]));
    let after = bus.publish(vec![to_queue("work", 99)]).await;
    assert_eq!(after, [Published::Refused("the bus is closed".to_owned())]);
    until(&bus, |status| {
        status.to_string() == "the broker is away: the bus is closed"
    })
    .await;

    let listing = servers::rabbitmq().ctl(&["list_queues", "--vhost", vhost(&url), "name", "messages"]);
    assert_eq!(listing, "work\t49");
}
