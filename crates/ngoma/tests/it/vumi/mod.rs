//! Beside a Vumi or vumi2 installation on one RabbitMQ: a worker in Python, shaped as theirs are, exchanges messages,
//! answers and events with a running server.

mod application_side;
mod both_sides;
mod python_sdk;
mod transport_side;
mod worker;

use crate::how_to::blocks;
use crate::program::{Server, repository};
use crate::stored;
use ngoma_engine::MessageRecord;
use ngoma_message::Address;
use ngoma_testkit::servers;
use serde_json::Value;
use std::time::Duration;

const PERSON: &str = "+27831234567";
/// Answers with the event and the text; `end` ends the session.
const ECHO: &str = r#"api.on_inbound_message = function (command) {
    const msg = command.msg;
    const content = msg.session_event + " " + msg.content + " " + JSON.stringify(msg.helper_metadata);
    const reply = { in_reply_to: msg.message_id, content, continue_session: msg.content !== "end" };
    api.request("outbound.reply_to", reply, function () { api.done(); });
};"#;
/// How long anything may take on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_the_how_to_declares_can_be_applied() {
    let document = std::fs::read_to_string(repository("docs/how-to/bridge-vumi.md")).unwrap();
    let tomls = blocks(&document).into_iter().filter(|block| block.kind == "toml");
    let mut declared = tomls.map(|block| block.text).collect::<String>();
    // No broker is there: it is waited for.
    declared = declared.replace("mq.example.org", "127.0.0.1:1");
    let of_the_reader = r#"
        [account.demo.channel.sms]
        type = "http_json"
        [account.demo.service.clinic]
        kind = "script"
        source = "echo.js"
    "#;
    let server = Server::declared(&(declared + of_the_reader), &[("echo.js", ECHO)]).await;
    assert!(!server.process.log().contains("drum"), "{}", server.process.log());
}

/// Waits until there is something.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            // Whoever brings it is another process.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("it did not come: {what}"))
}

/// A person's messages in a server's store, after it has ended.
async fn thread(server: &mut Server, person: &str) -> Vec<MessageRecord> {
    server.process.stop().unwrap();
    let engine = stored::open(server).await;
    engine.thread("test", &Address::tel(person, None), 1000).await.unwrap()
}

/// The queues of a vhost that are not ours alone, each with what it was declared with.
fn queues(url: &str) -> Vec<String> {
    let vhost = url.rsplit_once('/').unwrap().1;
    let columns = ["name", "durable", "auto_delete", "arguments"];
    let listing = servers::rabbitmq().ctl(&[&["list_queues", "--vhost", vhost], &columns[..]].concat());
    let shared = listing.lines().filter(|line| !line.starts_with("ngoma."));
    let mut lines: Vec<String> = shared.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Answers in the order of what they answer: messages to people may overtake each other.
fn in_order(mut answers: Vec<Value>) -> Vec<Value> {
    answers.sort_by_key(|answer| answer["in_reply_to"].to_string());
    answers
}

/// A field of each, as text.
fn texts<'a>(messages: impl IntoIterator<Item = &'a Value>, field: &str) -> Vec<String> {
    let text = |message: &'a Value| message[field].as_str().unwrap_or_default().to_owned();
    messages.into_iter().map(text).collect()
}
