//! A whole installation with the engine in the middle: their transport, our channel, our bridge, their application.

use super::worker::{Role, Style, Worker};
use super::{PERSON, in_order, texts, thread, until};
use crate::program::Server;
use ngoma_engine::Direction;
use ngoma_testkit::servers::{self, RabbitNode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn declaration(url: &str) -> String {
    format!(
        r#"
        [account.test.channel.line]
        type = "vumi_amqp"
        address = "31022"
        country = "ZA"
        config = {{ url = "{url}", transport_name = "their" }}
        [account.test.service.app]
        kind = "vumi_amqp"
        config = {{ url = "{url}", transport_name = "our", watch = "their_app" }}
        [[account.test.route]]
        channel = "line"
        service = "app"
        "#
    )
}

fn said(number: usize) -> Value {
    json!({
        "message_id": format!("m-{number:02}"), "from_addr": "27831234567", "to_addr": "31022",
        "content": number.to_string(), "provider": "mtn", "helper_metadata": {"tag": number}
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_keep_their_order_while_the_broker_and_the_server_restart() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let url = node.url();
    let mut transport = Worker::start(Role::Transport, Style::Vumi2, &url, "their").await;
    let application = Worker::start(Role::Application, Style::Vumi, &url, "our").await;
    let mut server = Server::declared(&declaration(&url), &[]).await;
    for number in 0..10 {
        transport.publish("inbound", said(number));
    }
    transport.took_all("outbound", 10).await;
    transport.published_all("event", 20).await;
    application.took_all("event", 20).await;

    node.restart();
    for number in 10..20 {
        transport.publish("inbound", said(number));
    }
    transport.took_all("outbound", 20).await;
    application.took_all("event", 40).await;

    // What comes while the server is away waits for it.
    server.process.stop().unwrap();
    for number in 20..30 {
        transport.publish("inbound", said(number));
    }
    transport.published_all("inbound", 30).await;
    server.start_again().await;
    let took = in_order(transport.took_all("outbound", 30).await);
    application.took_all("event", 60).await;

    let numbers: Vec<String> = (0..30).map(|number: i32| number.to_string()).collect();
    assert_eq!(texts(&application.took("inbound"), "content"), numbers);
    let answers: Vec<String> = numbers.iter().map(|number| format!("You said: {number}")).collect();
    assert_eq!(texts(&took, "content"), answers);
    for (number, answer) in took.iter().enumerate() {
        assert_eq!(answer["in_reply_to"], format!("m-{number:02}"));
        assert_eq!(answer["to_addr"], "27831234567");
        assert_eq!(
            (&answer["provider"], &answer["helper_metadata"]),
            (&json!("mtn"), &json!({"tag": number}))
        );
    }
    check_events(&application);
    let stored = thread(&mut server, PERSON).await;
    let sent = stored.iter().filter(|message| message.direction == Direction::Outbound);
    let ids: BTreeSet<String> = sent.map(|message| message.id.to_string()).collect();
    assert_eq!(ids, texts(&took, "message_id").into_iter().collect());
    assert_eq!(stored.len(), 60);
}

/// Each answer got its ack and its receipt, in that order.
fn check_events(application: &Worker) {
    let events = application.took("event");
    for reply in application.published("outbound") {
        let of_reply = events
            .iter()
            .filter(|event| event["user_message_id"] == reply["message_id"]);
        assert_eq!(texts(of_reply, "event_type"), ["ack", "delivery_report"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_are_sent_and_heard() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let server = Server::declared(
        &format!(
            r#"
            [account.test.channel.line]
            type = "vumi_amqp"
            config = {{ url = "{url}", transport_name = "their", worker_name = "ngoma_line" }}
            [account.test.service.app]
            kind = "vumi_amqp"
            config = {{ url = "{url}", transport_name = "our", watch = "ngoma_line" }}
            "#
        ),
        &[],
    )
    .await;
    // The one side hears the other.
    let alive = async || server.process.log().contains("a Vumi worker is alive").then_some(());
    until("a heartbeat", alive).await;
    assert!(server.process.log().contains("ngoma_line"));
}
