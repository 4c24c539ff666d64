//! Declaring: what is there is left as it is, what is missing is made.

use super::{connected, quorum, vhost};
use ngoma_engine::amqp::{BusError, ExchangeKind, QueueSpec, VUMI_EXCHANGE};
use ngoma_testkit::servers;

/// The queues of a vhost as the broker lists them.
fn queues(url: &str) -> Vec<String> {
    let columns = ["name", "type", "durable", "arguments"];
    let listing = [&["list_queues", "--vhost", vhost(url)], &columns[..]].concat();
    let listing = servers::rabbitmq().ctl(&listing);
    let mut lines: Vec<String> = listing.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn bindings(url: &str) -> Vec<String> {
    let columns = ["source_name", "destination_name", "routing_key"];
    let listing = [&["list_bindings", "--vhost", vhost(url)], &columns[..]].concat();
    let listing = servers::rabbitmq().ctl(&listing);
    let of_vumi = listing.lines().filter(|line| line.starts_with(VUMI_EXCHANGE));
    let mut lines: Vec<String> = of_vumi.map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_of_vumi_are_made_as_vumi_makes_them_or_left_as_they_are() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let vumi = connected(&url).await;
    vumi.ensure_exchange(VUMI_EXCHANGE, ExchangeKind::Direct)
        .await
        .expect("declared");
    vumi.ensure_queue(QueueSpec::vumi("sms.inbound"))
        .await
        .expect("declared");
    vumi.ensure_queue(quorum("sms.outbound")).await.expect("declared");
    let before = queues(&url);

    let bus = connected(&url).await;
    bus.ensure_exchange(VUMI_EXCHANGE, ExchangeKind::Direct)
        .await
        .expect("declared");
    for queue in ["sms.inbound", "sms.outbound"] {
        bus.ensure_queue(QueueSpec::vumi(queue)).await.expect(queue);
    }
    assert_eq!(queues(&url), before);
    bus.ensure_queue(QueueSpec::vumi("sms.event")).await.expect("declared");
    let delivery_limit = "{\"x-delivery-limit\",20}";
    let outbound = format!("sms.outbound\tquorum\ttrue\t[{delivery_limit},{{\"x-queue-type\",\"quorum\"}}]");
    let expected = [
        "sms.event\tclassic\ttrue\t[]",
        "sms.inbound\tclassic\ttrue\t[]",
        &outbound,
    ];
    assert_eq!(queues(&url), expected);
    let expected = ["event", "inbound", "outbound"].map(|end| format!("vumi\tsms.{end}\tsms.{end}"));
    assert_eq!(bindings(&url), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_different_already_is_refused_and_the_bus_goes_on() {
    if !servers::available() {
        return;
    }
    let bus = connected(&servers::rabbitmq().vhost()).await;
    bus.ensure_exchange(VUMI_EXCHANGE, ExchangeKind::Direct)
        .await
        .expect("declared");
    bus.ensure_queue(QueueSpec::vumi("sms.inbound"))
        .await
        .expect("declared");
    let refused = bus.ensure_queue(quorum("sms.inbound")).await;
    let Err(BusError::Refused(reason)) = &refused else {
        panic!("{refused:?}")
    };
    assert!(reason.contains("x-queue-type"), "{reason}");
    let left = bus.ensure_exchange(VUMI_EXCHANGE, ExchangeKind::Fanout).await;
    assert_eq!(left, Ok(()), "one that is there is used as it is");
    let refused = bus.ensure_queue(QueueSpec::vumi("")).await;
    assert!(matches!(refused, Err(BusError::Invalid(_))), "{refused:?}");
    assert!(bus.depth("sms.inbound").await.is_ok());
}
