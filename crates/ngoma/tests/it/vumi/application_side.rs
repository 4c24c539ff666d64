//! Our channel, their application: services of kind `vumi_amqp`.

use super::worker::{Role, Style, Worker};
use super::{PERSON, texts, thread, until};
use crate::program::{Server, ussd};
use crate::stored;
use ngoma_engine::{Direction, Status};
use ngoma_message::Address;
use ngoma_testkit::{FakeProvider, Scripted, servers};
use serde_json::{Value, json};

/// A server whose account `test` has an SMS and a USSD channel, both for the application, and one that is not.
async fn server(url: &str, provider: &FakeProvider) -> Server {
    let send = provider.url("/send");
    let toml = format!(
        r#"
        [account.test.channel.sms]
        type = "http_json"
        address = "31022"
        country = "ZA"
        config = {{ send_url = "{send}", allow_private = true }}
        [account.test.channel.ussd]
        type = "ussd_http"
        address = "*120*8864#"
        country = "ZA"
        config = {{ deadline = "30s" }}
        [account.test.channel.private]
        type = "http_json"
        config = {{ send_url = "{send}", allow_private = true }}
        [account.test.service.app]
        kind = "vumi_amqp"
        config = {{ url = "{url}", transport_name = "our", worker_name = "ngoma_our" }}
        [[account.test.route]]
        channel = "sms"
        service = "app"
        [[account.test.route]]
        channel = "ussd"
        service = "app"
        "#
    );
    Server::declared(&toml, &[]).await
}

fn text(id: &str, content: &str) -> Value {
    json!({ "message_id": id, "from": PERSON, "content": content })
}

/// What the provider was sent.
async fn sent(provider: &FakeProvider, count: usize) -> Vec<Value> {
    let look = async || {
        let requests = provider.requests();
        (requests.len() >= count).then(|| requests.iter().map(|request| request.json()).collect())
    };
    until(&format!("{count} messages at the provider"), look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_answers_texts_and_is_told_what_became_of_its_answers() {
    if !servers::available() {
        return;
    }
    let (url, provider) = (servers::rabbitmq().vhost(), FakeProvider::start().await.unwrap());
    provider.then(Scripted::Answer(200, r#"{"provider_id":"p-1"}"#.into()));
    let application = Worker::start(Role::Application, Style::Vumi, &url, "our").await;
    let mut server = server(&url, &provider).await;
    let answer = server.post("/c/test/sms", &text("t-1", "JOIN")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let took = application.took_all("inbound", 1).await;
    let expected = json!({
        "message_id": answer.json()["message_id"], "message_type": "user_message", "from_addr": PERSON,
        "to_addr": "31022", "content": "JOIN", "session_event": null, "transport_name": "our",
        "transport_type": "sms", "in_reply_to": null
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&took[0][field], value, "{field}");
    }
    let posted = sent(&provider, 1).await;
    assert_eq!(
        (&posted[0]["content"], &posted[0]["to"]),
        (&json!("You said: JOIN"), &json!(PERSON))
    );
    application.took_all("event", 1).await;
    let receipt = json!({ "provider_id": "p-1", "status": "delivered" });
    assert_eq!(
        server.post("/c/test/sms/receipt", &receipt).await.json()["result"],
        "recorded"
    );
    let events = application.took_all("event", 2).await;
    let reply = &application.published("outbound")[0];
    assert_eq!(texts(&events, "event_type"), ["ack", "delivery_report"]);
    assert_eq!(
        (&events[0]["sent_message_id"], &events[1]["delivery_status"]),
        (&json!("p-1"), &json!("delivered"))
    );
    for event in &events {
        assert_eq!(event["user_message_id"], reply["message_id"]);
        assert_eq!(
            (&event["transport_name"], &event["helper_metadata"]),
            (&json!("our"), &json!({}))
        );
    }
    let stored = thread(&mut server, PERSON).await;
    let statuses: Vec<Status> = stored.iter().map(|message| message.status).collect();
    assert_eq!(statuses, [Status::Handled, Status::Delivered]);
    assert_eq!(stored[1].in_reply_to.as_ref(), Some(&stored[0].id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_leads_dialogues() {
    if !servers::available() {
        return;
    }
    let (url, provider) = (servers::rabbitmq().vhost(), FakeProvider::start().await.unwrap());
    let mut server = server(&url, &provider).await;
    for (style, session) in [(Style::Vumi, "s-1"), (Style::Vumi2, "s-2")] {
        let application = Worker::start(Role::Application, style, &url, "our").await;
        let turns = [
            ("new", None, "resume"),
            ("resume", Some("1"), "resume"),
            ("resume", Some("end"), "close"),
        ];
        for (event, content, expected) in turns {
            let answer = server
                .post("/c/test/ussd", &ussd(session, PERSON, event, content))
                .await;
            let said = format!("You said: {}", content.unwrap_or_default());
            assert_eq!(
                (&answer.json()["content"], answer.status),
                (&json!(said), 200),
                "{}",
                answer.text()
            );
            assert_eq!(answer.json()["session_event"], expected, "{style:?} {event}");
        }
        let took = application.took_all("inbound", 3).await;
        assert_eq!(texts(&took, "session_event"), ["new", "resume", "resume"]);
        application.took_all("event", 3).await;
        // A session that has ended does not go on.
        let answer = server
            .post("/c/test/ussd", &ussd(session, PERSON, "resume", Some("more")))
            .await;
        assert_eq!(answer.json()["content"], "You said: more");
        assert_eq!(
            texts(&application.took_all("inbound", 4).await, "session_event")[3],
            "new"
        );
    }
    let stored = thread(&mut server, PERSON).await;
    let fallbacks = stored.iter().filter(|message| message.direction == Direction::Outbound);
    assert!(
        fallbacks.clone().all(|message| message.status == Status::Sent),
        "{stored:?}"
    );
    assert_eq!(fallbacks.count(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_sends_once_and_only_where_it_may() {
    if !servers::available() {
        return;
    }
    let (url, provider) = (servers::rabbitmq().vhost(), FakeProvider::start().await.unwrap());
    let server = server(&url, &provider).await;
    let mut application = Worker::start(Role::Application, Style::Vumi, &url, "our").await;
    let hello = json!({
        "message_id": "a-1", "to_addr": "0831234567", "content": "Hello.", "helper_metadata": {"campaign": 7}
    });
    application.publish("outbound", hello.clone());
    for broken in ["{", "7", r#"{"message_version":"20110921"}"#] {
        application.publish_raw("outbound", broken);
    }
    application.publish("outbound", hello);
    let unrouted = json!({ "message_id": "t-1", "from": PERSON, "to": "9", "content": "?" });
    let others = server.post("/c/test/private", &unrouted).await.json()["message_id"].clone();
    let refused = [
        (
            "a-2",
            json!({ "in_reply_to": "nobody's" }),
            "it answers no message of this application",
        ),
        (
            "a-6",
            json!({ "in_reply_to": others }),
            "it answers no message of this application",
        ),
        ("a-3", json!({ "content": null }), "it has no content"),
        ("a-4", json!({ "to_addr": null }), "it has no to_addr"),
        (
            "a-5",
            json!({ "routing_metadata": {"endpoint_name": "private"} }),
            "its endpoint is a channel of another service",
        ),
        (
            "a-1",
            json!({ "content": "Another." }),
            "its message_id was used before, for another message",
        ),
    ];
    for (id, changes, _) in &refused {
        let mut message = json!({ "message_id": id, "to_addr": PERSON, "content": "Hi." });
        message
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        application.publish("outbound", message);
    }
    let events = application.took_all("event", 1 + refused.len()).await;
    for (id, _, reason) in refused {
        let told = |event: &Value| event["user_message_id"] == id && event["nack_reason"] == reason;
        assert!(events.iter().any(told), "{id} {reason}: {events:?}");
    }
    let ack = events.iter().find(|event| event["event_type"] == "ack").unwrap();
    assert_eq!(
        (&ack["user_message_id"], &ack["helper_metadata"]),
        (&json!("a-1"), &json!({"campaign": 7}))
    );
    let posted = sent(&provider, 1).await;
    assert_eq!(texts(&posted, "content"), ["Hello."]);
    assert_eq!(
        (&posted[0]["to"], &posted[0]["from"]),
        (&json!(PERSON), &json!("31022"))
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_wants_no_messages_is_only_answered() {
    if !servers::available() {
        return;
    }
    let (url, provider) = (servers::rabbitmq().vhost(), FakeProvider::start().await.unwrap());
    let mut server = server(&url, &provider).await;
    server.process.stop().unwrap();
    let engine = stored::open(&server).await;
    assert_eq!(engine.opt_out("test", &Address::tel(PERSON, None)).await, Ok(true));
    drop(engine);
    // What the application publishes while the server is away waits for it.
    let mut application = Worker::start(Role::Application, Style::Vumi2, &url, "our").await;
    application.publish(
        "outbound",
        json!({ "message_id": "a-1", "to_addr": PERSON, "content": "Buy!" }),
    );
    server.start_again().await;
    let events = application.took_all("event", 1).await;
    assert_eq!(
        (&events[0]["event_type"], &events[0]["user_message_id"]),
        (&json!("nack"), &json!("a-1"))
    );
    assert_eq!(
        events[0]["nack_reason"],
        "the person does not want messages of this account"
    );
    server.post("/c/test/sms", &text("t-1", "Help")).await;
    assert_eq!(texts(&sent(&provider, 1).await, "content"), ["You said: Help"]);
}
