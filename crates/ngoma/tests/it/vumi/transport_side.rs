//! Their transport, our service: the channel type `vumi_amqp`.

use super::worker::{Role, Style, Worker};
use super::{ECHO, PERSON, in_order, queues, texts, thread, until};
use crate::program::Server;
use ngoma_engine::Direction;
use ngoma_testkit::{JsonClient, servers};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A server whose account `test` has the channel `line` on this broker, of this type, and the service that echoes.
async fn server(url: &str, kind: &str) -> Server {
    let toml = format!(
        r#"
        [account.test.channel.line]
        type = "vumi_amqp"
        address = "31022"
        country = "ZA"
        config = {{ url = "{url}", transport_name = "their", transport_type = "{kind}", worker_name = "ngoma_line" }}
        [account.test.service.echo]
        kind = "script"
        source = "echo.js"
        [[account.test.route]]
        channel = "line"
        service = "echo"
        "#
    );
    Server::declared(&toml, &[("echo.js", ECHO)]).await
}

/// What a transport publishes of a person.
fn said(id: &str, from: &str, content: &str) -> Value {
    json!({
        "message_id": id, "from_addr": from, "to_addr": "31022", "content": content, "provider": "vodacom",
        "transport_metadata": {"smsc": 7}, "helper_metadata": {"tag": "31022"}
    })
}

fn client(server: &Server) -> JsonClient {
    server.client_of("test")
}

async fn submit(client: &JsonClient, content: &str) -> String {
    let message = json!({ "channel": "line", "to": PERSON, "content": content });
    let answer = client.post("/api/v1/messages", &message).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Waits until the message has this status.
async fn reaches(client: &JsonClient, id: &str, status: &str) -> Value {
    let path = format!("/api/v1/messages/{id}");
    let look = async || {
        let message = client.get(&path).await.unwrap().json();
        Some(message).filter(|message| message["status"] == status)
    };
    until(&format!("{id} is {status}"), look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_transport_says_of_itself_is_logged() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let mut transport = Worker::start(Role::Transport, Style::Vumi, &url, "their").await;
    let server = server(&url, "sms").await;
    let down = json!({
        "message_version": "20110921", "message_type": "status_event", "component": "smpp", "status": "down",
        "type": "connection_lost", "message": "the link is gone", "reasons": [], "details": {}, "transport_name": "their"
    });
    // Nobody tells when the server has begun to listen.
    let logged = async || {
        transport.publish_raw("status.status", &down.to_string());
        server
            .process
            .log()
            .contains("a Vumi transport says that it is down")
            .then_some(())
    };
    until("the transport's state", logged).await;
    let log = server.process.log();
    assert!(
        log.contains("connection_lost: the link is gone") && log.contains("their"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_send_by_a_transport_is_answered_by_our_service() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let mut transport = Worker::start(Role::Transport, Style::Vumi, &url, "their").await;
    // Some are there before the server is, since somebody else consumed them until now; one comes twice.
    for (id, content) in [("m-1", "one"), ("m-2", "two"), ("m-1", "one")] {
        transport.publish("inbound", said(id, "27831234567", content));
    }
    let mut server = server(&url, "sms").await;
    for broken in [
        "{",
        "[]",
        r#"{"message_version":"20200101","message_type":"user_message"}"#,
    ] {
        transport.publish_raw("inbound", broken);
    }
    transport.publish("inbound", said("m-3", "27831234567", "three"));
    let took = in_order(transport.took_all("outbound", 3).await);
    let expected = ["one", "two", "three"].map(|text| format!(r#"null {text} {{"tag":"31022"}}"#));
    assert_eq!(texts(&took, "content"), expected);
    assert_eq!(texts(&took, "in_reply_to"), ["m-1", "m-2", "m-3"]);
    for message in &took {
        let whole = json!({
            "to_addr": "27831234567", "from_addr": "31022", "session_event": null, "provider": "vodacom",
            "transport_name": "their", "transport_type": "sms", "message_version": "20110921",
            "transport_metadata": {"smsc": 7}, "helper_metadata": {"tag": "31022"}
        });
        for (field, value) in whole.as_object().unwrap() {
            assert_eq!(&message[field], value, "{field}");
        }
    }
    // Two events for each, and what the store holds is what the worker saw.
    transport.published_all("event", 6).await;
    let client = client(&server);
    for id in texts(&took, "message_id") {
        let shown = reaches(&client, &id, "delivered").await;
        assert_eq!(shown["events"][0]["detail"], format!("sent-{id}"));
        assert_eq!(shown["events"][1]["kind"], "delivered");
    }
    let log = server.process.log();
    assert!(
        log.contains("a message was refused") && !log.contains("831234567"),
        "{log}"
    );
    let stored = thread(&mut server, PERSON).await;
    let sent: Vec<_> = stored
        .iter()
        .filter(|message| message.direction == Direction::Outbound)
        .collect();
    let ids: BTreeSet<String> = sent.iter().map(|message| message.id.to_string()).collect();
    assert_eq!(ids, texts(&took, "message_id").into_iter().collect());
    assert_eq!(stored.len(), 6, "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_waits_for_the_transports_word() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    // The server comes first: the worker finds the queues as it would have made them.
    let server = server(&url, "sms").await;
    let client = client(&server);
    let early = submit(&client, "hold this").await;
    let waiting = reaches(&client, &early, "unknown").await;
    assert!(
        waiting["reason"]
            .as_str()
            .unwrap()
            .starts_with("handed on: the broker has it in their.outbound")
    );
    let ours = queues(&url);
    let mut transport = Worker::start(Role::Transport, Style::Vumi2, &url, "their").await;
    assert_eq!(
        ours,
        ["event", "inbound", "outbound"].map(|end| format!("their.{end}\ttrue\tfalse\t[]"))
    );
    assert_eq!(queues(&url), ours);

    let sent = submit(&client, "Hello.").await;
    let refused = submit(&client, "refuse this").await;
    let delivered = reaches(&client, &sent, "delivered").await;
    let kinds = texts(delivered["events"].as_array().unwrap(), "kind");
    assert_eq!(kinds, ["ack", "delivered"]);
    let failed = reaches(&client, &refused, "failed").await;
    assert_eq!(
        (&failed["reason"], &failed["events"][0]["kind"]),
        (&json!("asked to"), &json!("nack"))
    );

    let about = json!({ "message_type": "event", "event_id": "e-1", "user_message_id": early, "event_type": "ack" });
    let mut ack = about.clone();
    ack["sent_message_id"] = json!("late-1");
    for event in [ack.clone(), ack] {
        transport.publish("event", event);
    }
    let late = reaches(&client, &early, "sent").await;
    assert_eq!(late["events"].as_array().unwrap().len(), 1);
    assert_eq!(late["events"][0]["detail"], "late-1");
    let took = transport.took_all("outbound", 3).await;
    assert_eq!(texts(&took, "to_addr"), [PERSON; 3]);
    assert_eq!(texts(&took, "from_addr"), ["31022"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialogue_goes_on_and_ends_as_the_transport_and_the_service_say() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let mut server = server(&url, "ussd").await;
    let mut transport = Worker::start(Role::Transport, Style::Vumi, &url, "their").await;
    let turns = [("new", None), ("resume", Some("1")), ("resume", Some("end"))];
    for (turn, (event, content)) in turns.into_iter().enumerate() {
        let id = format!("turn-{turn}");
        transport.publish(
            "inbound",
            json!({
                "message_id": id, "from_addr": PERSON, "to_addr": "31022", "content": content,
                "session_event": event, "transport_type": "ussd"
            }),
        );
        transport.took_all("outbound", turn + 1).await;
    }
    let took = transport.took("outbound");
    assert_eq!(texts(&took, "content"), ["new null {}", "resume 1 {}", "resume end {}"]);
    let events: Vec<&Value> = took.iter().map(|message| &message["session_event"]).collect();
    assert_eq!(events, [&Value::Null, &Value::Null, &json!("close")]);
    let client = client(&server);
    for id in texts(&took, "message_id") {
        reaches(&client, &id, "delivered").await;
    }
    assert_eq!(thread(&mut server, PERSON).await.len(), 6);
}
