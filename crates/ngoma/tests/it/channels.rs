//! What a gateway and a provider see of a running server: secrets, keywords, deadlines, receipts.

use crate::program::{Server, repository, ussd};
use crate::stored;
use ngoma_testkit::{Answer, FakeProvider, Scripted};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PERSON: &str = "+27831234567";
/// A service that waits for longer than the deadline of half a second and then answers.
const SLOW: &str = r#"api.on_inbound_message = function (command) {
    const reply = { in_reply_to: command.msg.message_id, content: "too late", continue_session: true };
    setTimeout(() => api.request("outbound.reply_to", reply, function () { api.done(); }), 900);
};"#;

fn declaration(more: &str) -> String {
    let light = repository("examples/light");
    format!(
        r#"
        [account.test.service.light]
        kind = "script"
        source = "{}"
        [account.test.service.slow]
        kind = "script"
        source = "slow.js"
        {more}
        "#,
        light.display()
    )
}

async fn server(more: &str) -> Server {
    Server::declared(&declaration(more), &[("slow.js", SLOW)]).await
}

fn content(answer: &Answer) -> (u16, String) {
    let text = answer.json()["content"].as_str().unwrap_or_default().to_owned();
    (answer.status, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_with_a_secret_refuses_who_does_not_have_it() {
    let channels = r#"
        channel.ussd = { type = "ussd_http", address = "*120#", config = { secret = "drum" } }
        channel.sms = { type = "http_json", address = "8864", config = { secret = "drum" } }
        route = [{ channel = "ussd", service = "light" }, { channel = "sms", service = "light" }]
    "#;
    let server = server(&format!("[account.test]\n{channels}")).await;
    let turn = ussd("s1", PERSON, "new", None);
    let text = json!({ "message_id": "1", "from": PERSON, "content": "hi" });
    let receipt = json!({ "message_id": "1", "status": "delivered" });
    let cases = [
        ("/c/test/ussd", &turn, 200),
        ("/c/test/sms", &text, 200),
        ("/c/test/sms/receipt", &receipt, 404),
    ];
    for (path, body, status) in cases {
        for (secret, expected) in [(None, 401), (Some("dru"), 401), (Some("drum"), status)] {
            let client = server.process.client();
            let client = match secret {
                Some(secret) => client.with_header("X-Ngoma-Secret", secret),
                None => client,
            };
            let answer = client.post(path, body).await.unwrap();
            assert_eq!(answer.status, expected, "{path} {secret:?}: {}", answer.text());
            assert!(!answer.text().contains("drum"));
        }
    }
    assert!(!server.process.log().contains("drum"));
    assert!(!server.process.log().contains("831234567"), "{}", server.process.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_leads_to_its_service_and_other_words_to_the_fallback() {
    let channels = r#"
        channel.ussd = { type = "ussd_http", address = "*120#", config = { fallback = "Not now." } }
        route = [{ channel = "ussd", service = "light", keyword = "JOIN" }]
    "#;
    let mut server = server(&format!("[account.test]\n{channels}")).await;
    for (session, word, expected) in [("a", "join", "Message 1"), ("b", "leave", "Not now.")] {
        let answer = server
            .post("/c/test/ussd", &ussd(session, PERSON, "new", Some(word)))
            .await;
        assert_eq!(content(&answer), (200, expected.to_owned()));
    }
    let going_on = server
        .post("/c/test/ussd", &ussd("a", PERSON, "resume", Some("1")))
        .await;
    assert_eq!(content(&going_on), (200, "Message 2".to_owned()));
    server.process.stop().unwrap();
    let story = stored::story(&*stored::open(&server).await, PERSON).await;
    let expected = [
        "in handled join",
        "out sent Message 1",
        "in unrouted leave",
        "out sent Not now.",
        "in handled 1",
        "out sent Message 2",
    ];
    assert_eq!(story, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_recorded_and_not_sent() {
    let channels = r#"
        channel.ussd = { type = "ussd_http", address = "*120#", config = { deadline = "500ms", fallback = "Later." } }
        route = [{ channel = "ussd", service = "slow" }]
    "#;
    let mut server = server(&format!("[account.test]\n{channels}")).await;
    let answer = server.post("/c/test/ussd", &ussd("a", PERSON, "new", None)).await;
    assert_eq!(content(&answer), (200, "Later.".to_owned()));
    assert_eq!(answer.json()["session_event"], "close");
    server.process.stop().unwrap();
    let engine = stored::open(&server).await;
    let story = stored::story(&engine, PERSON).await;
    assert_eq!(story, ["in handled -", "out sent Later.", "out expired too late"]);
    let person = ngoma_message::Address::tel(PERSON, None);
    let session = engine.latest_session("test", "ussd", &person).await.unwrap().unwrap();
    assert!(!session.is_open);
}

/// Signals the server, or its whole group, while a turn is under way.
async fn check_turn_in_hand(signal: i32, whole_group: bool) {
    let channels = r#"
        channel.ussd = { type = "ussd_http", address = "*120#" }
        route = [{ channel = "ussd", service = "slow" }]
    "#;
    let server = server(&format!("[account.test]\n{channels}")).await;
    let client = server.process.client();
    let answering = tokio::spawn(async move { client.post("/c/test/ussd", &ussd("a", PERSON, "new", None)).await });
    let begun = Instant::now();
    while connections(server.process.port()) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "no connection was made");
        tokio::task::yield_now().await;
    }
    let id = server.process.id() as i32;
    // SAFETY: kill takes two numbers and touches no memory of ours.
    assert_eq!(unsafe { libc::kill(if whole_group { -id } else { id }, signal) }, 0);
    let answer = answering.await.unwrap().unwrap();
    assert_eq!(content(&answer), (200, "too late".to_owned()), "signal {signal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_in_hand_is_answered_when_the_server_is_told_to_stop_or_reload() {
    check_turn_in_hand(libc::SIGTERM, false).await;
    check_turn_in_hand(libc::SIGHUP, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_in_hand_is_answered_when_every_process_hears_the_signal() {
    // A terminal that hangs up, Ctrl-C, a supervisor that ends a service.
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
        check_turn_in_hand(signal, true).await;
    }
}

/// How many connections to this port are open.
fn connections(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let own = format!(":{port:04X}");
    table
        .lines()
        .filter(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let (local, state) = (columns.next(), columns.nth(1));
            local.is_some_and(|local| local.ends_with(&own)) && state == Some(ESTABLISHED)
        })
        .count()
}

/// Posts a receipt.
async fn receipt(server: &Server, body: &Value) -> Value {
    let answer = server.post("/c/test/sms/receipt", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Posts a receipt again until the message has its status: at first its id may not be known.
async fn receipt_that_counts(server: &Server, body: &Value) {
    let first = receipt(server, body).await["result"].clone();
    assert!(first == "recorded" || first == "held", "{first}");
    let begun = Instant::now();
    while receipt(server, body).await["result"] != "unchanged" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{body} stays unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_say_what_became_of_a_message() {
    let provider = FakeProvider::start().await.unwrap();
    let url = provider.url("/send");
    let channels = format!(
        r#"
        channel.sms = {{ type = "http_json", address = "8864", config = {{ send_url = "{url}", allow_private = true }} }}
        channel.closed = {{ type = "http_json", address = "8865", config = {{ send_url = "{url}" }} }}
        route = [{{ channel = "sms", service = "light" }}, {{ channel = "closed", service = "light" }}]
        "#
    );
    let mut server = server(&format!("[account.test]\n{channels}")).await;
    for number in 1..=2 {
        provider.then(Scripted::Answer(200, format!(r#"{{"provider_id":"p-{number}"}}"#)));
        let text = json!({ "message_id": number.to_string(), "from": PERSON, "content": "hi" });
        assert_eq!(server.post("/c/test/sms", &text).await.status, 200);
        let status = if number == 1 { "delivered" } else { "failed" };
        let body = json!({ "provider_id": format!("p-{number}"), "status": status, "reason": "so" });
        receipt_that_counts(&server, &body).await;
    }
    let by_id = provider.requests()[0].json()["message_id"].clone();
    let again = json!({ "message_id": by_id, "status": "failed" });
    assert_eq!(receipt(&server, &again).await["result"], "unchanged");
    let text = json!({ "message_id": "3", "from": PERSON, "content": "hi" });
    assert_eq!(server.post("/c/test/closed", &text).await.status, 200);
    let expected = [
        "in handled hi",
        "out delivered Message 1",
        "in handled hi",
        "out failed Message 2",
        "in handled hi",
        "out failed Message 3",
    ];
    // What a stop leaves in the queue goes on after the next start.
    let begun = Instant::now();
    let mut story = Vec::new();
    while story != expected && begun.elapsed() < Duration::from_secs(30) {
        server.process.stop().unwrap();
        story = stored::story(&*stored::open(&server).await, PERSON).await;
        server.start_again().await;
    }
    assert_eq!(story, expected);
    assert_eq!(provider.requests().len(), 2, "a private address was called");
}
