//! Messages by SMPP through the whole program, and what goes wrong at the carrier: F1, F4, F5, F7, F8, F11, F12, F14.

use crate::program::{Server, path_text, repository, run};
use ngoma_smpp::pdu::{Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{Answer, CommandStatus, EndReason, Handle, Outcome, Status};
use ngoma_testkit::{JsonClient, Smsc};
use serde_json::{Value, json};
use std::time::Duration;

/// A program whose account `test` sends by this carrier.
struct Line {
    server: Server,
    smsc: Smsc,
    client: JsonClient,
}

impl Line {
    /// With these settings of the channel and this policy.
    async fn open(settings: &str, policy: &str) -> Self {
        let smsc = Smsc::start().await;
        let line = Self::to(smsc, settings, policy).await;
        soon(line.smsc.bound()).await;
        line
    }

    async fn to(smsc: Smsc, settings: &str, policy: &str) -> Self {
        let toml = format!(
            r#"
            [account.test.channel.sms]
            type = "smpp"
            address = "8864"
            country = "ZA"
            config = {{ hosts = ["127.0.0.1:{}"], allow_private = true, system_id = "clinic", reconnect_after = "100ms"{settings} }}
            policy = {{ {policy} }}
            [account.test.service.light]
            kind = "script"
            source = "{}"
            [[account.test.route]]
            channel = "sms"
            service = "light"
            "#,
            smsc.port(),
            repository("examples/light").display()
        );
        let server = Server::declared(&toml, &[]).await;
        let client = server.client_of("test");
        Self { server, smsc, client }
    }

    /// Hands a message over; its id.
    async fn accept(&self, content: &str) -> String {
        let message = json!({ "channel": "sms", "to": "0831234567", "content": content });
        let answer = self.client.post("/api/v1/messages", &message).await.unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    async fn shown(&self, id: &str) -> Value {
        let answer = self.client.get(&format!("/api/v1/messages/{id}")).await.unwrap();
        answer.json()
    }

    async fn reaches(&self, id: &str, status: &str) -> Value {
        soon(async {
            loop {
                let message = self.shown(id).await;
                if message["status"] == status {
                    return message;
                }
            }
        })
        .await
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what)
        .await
        .expect("it comes soon")
}

async fn deliver(session: &Handle, message: ShortMessage) {
    let outcome = soon(session.send(Operation::Deliver, message)).await;
    assert_eq!(outcome, Outcome::Answered(Answer::default()));
}

fn receipt(id: &str, state: &str) -> ShortMessage {
    ShortMessage {
        esm_class: 0x04,
        short_message: format!("id:{id} sub:001 dlvrd:001 stat:{state} err:000 text:").into(),
        ..ShortMessage::default()
    }
}

/// A text of a person, or a part of one.
fn text(content: &str, part: Option<[u8; 3]>) -> ShortMessage {
    let header = part.map_or(vec![], |part| [&[5, 0, 3][..], &part].concat());
    ShortMessage {
        source: SmeAddress {
            ton: 1,
            npi: 1,
            address: "27831234567".into(),
        },
        destination: SmeAddress {
            address: "8864".into(),
            ..SmeAddress::default()
        },
        esm_class: if header.is_empty() { 0 } else { 0x40 },
        short_message: [&header, content.as_bytes()].concat().into(),
        ..ShortMessage::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_settings_bind_before_the_old_bind_ends() {
    let smsc = Smsc::start().await;
    let line = Line::to(smsc, ", make_before_break = true", "").await;
    let mut first = soon(line.smsc.bound()).await;
    // The carrier allows one bind, for now.
    line.smsc.refuse_binds(Some(CommandStatus::ALREADY_BOUND));
    let data = line.server.data();
    let declared = std::fs::read_to_string(data.with_file_name("declared.toml")).unwrap();
    let file = line.server.write("changed.toml", &declared.replace("100ms", "50ms"));
    let applying =
        tokio::task::spawn_blocking(move || run(&["apply", path_text(&file), "--data", path_text(&data)], ""));
    soon(async {
        while line.smsc.asked().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(matches!(first.status(), Status::Bound(_)), "the old one goes on");
    line.smsc.refuse_binds(None);
    soon(line.smsc.bound()).await;
    assert_eq!(soon(first.over()).await, EndReason::UnboundByPeer);
    let output = applying.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    line.accept("hello").await;
    line.smsc.came().await;
}

/// F4 and F5: the receipt comes before the answer, and writes the id in another base.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_early_and_in_another_base_ends_the_message() {
    let smsc = Smsc::start().await;
    let line = Line::to(smsc, "", r#"id_base = "hex/decimal""#).await;
    let session = soon(line.smsc.bound()).await;
    line.smsc.will([Some(Answer::taken("00001A2B"))]);
    let gate = line.smsc.hold().await;
    let id = line.accept("Come on Tuesday.").await;
    line.smsc.came().await;
    deliver(&session, receipt("6699", "DELIVRD")).await;
    assert_eq!(line.shown(&id).await["status"], "queued");
    drop(gate);
    let message = line.reaches(&id, "delivered").await;
    let kinds: Vec<&Value> = message["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    assert_eq!(kinds, ["ack", "delivered"]);
}

/// F6, and what Vumi left pending for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_failure_is_told_with_its_reason_and_nothing_goes_back() {
    let smsc = Smsc::start().await;
    let line = Line::to(smsc, "", "").await;
    let session = soon(line.smsc.bound()).await;
    let id = line.accept("hi").await;
    line.reaches(&id, "sent").await;
    for state in ["ENROUTE", "UNDELIV", "UNDELIV", "ENROUTE", "DELIVRD"] {
        deliver(&session, receipt("m1", state)).await;
    }
    let message = line.reaches(&id, "failed").await;
    let told: Vec<(&Value, &Value)> = message["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (&event["kind"], &event["detail"]))
        .collect();
    let said = |kind: &str, detail: &str| (json!(kind), json!(detail));
    let expected = [said("ack", "m1"), said("pending", "ENROUTE"), said("failed", "UNDELIV")];
    assert_eq!(
        told,
        expected.iter().map(|(kind, detail)| (kind, detail)).collect::<Vec<_>>()
    );
}

/// F7: the second part is not taken, and only that one is sent again, under the same reference.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_part_that_was_not_taken_goes_again() {
    let line = Line::open("", "").await;
    line.smsc.will([
        Some(Answer::taken("a")),
        Some(Answer::refused(CommandStatus::SYSTEM_ERROR)),
        Some(Answer::taken("b")),
    ]);
    let id = line.accept(&"a".repeat(200)).await;
    let message = line.reaches(&id, "sent").await;
    assert_eq!(message["possible_duplicate"], false);
    let came = [line.smsc.came().await, line.smsc.came().await, line.smsc.came().await];
    let headers = came.each_ref().map(|part| part.short_message[3..6].to_vec());
    let reference = headers[0][0];
    assert_eq!(
        headers,
        [[reference, 2, 1], [reference, 2, 2], [reference, 2, 2]].map(Vec::from)
    );
}

/// F8: parts come in any order, and one of them twice.
#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_long_text_become_one_message() {
    let smsc = Smsc::start().await;
    let line = Line::to(smsc, "", "").await;
    let session = soon(line.smsc.bound()).await;
    for (content, part) in [("three", 3), ("one ", 1), ("one ", 1), ("two ", 2)] {
        deliver(&session, text(content, Some([9, 3, part]))).await;
    }
    let reply = line.smsc.came().await;
    assert_eq!(reply.short_message[..], b"Message 1"[..]);
    assert_eq!(reply.destination.address, "27831234567");
    deliver(&session, text("and more", None)).await;
    assert_eq!(line.smsc.came().await.short_message[..], b"Message 2"[..]);
}

/// F11 and F12: a carrier that is busy gets the message again; one that refuses it does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_refusal_leads_to_is_by_its_status() {
    let line = Line::open("", "").await;
    line.smsc.will([
        Some(Answer::refused(CommandStatus::THROTTLED)),
        Some(Answer::refused(CommandStatus::QUEUE_FULL)),
        Some(Answer::taken("a")),
    ]);
    let id = line.accept("busy").await;
    line.reaches(&id, "sent").await;
    line.smsc
        .will([Some(Answer::refused(CommandStatus::INVALID_DESTINATION_ADDRESS))]);
    let id = line.accept("refused").await;
    let refused = line.reaches(&id, "failed").await;
    assert!(
        refused["reason"].as_str().unwrap().contains("ESME_RINVDSTADR"),
        "{refused}"
    );
}

/// F1: the link dies before the answer; the policy says what follows.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_held_or_sent_once_more_and_marked() {
    for (policy, status, sent) in [
        ("", "unknown", 1),
        (r#"on_ambiguous = "resend", resend_after = 1"#, "sent", 2),
    ] {
        let line = Line::open("", policy).await;
        line.smsc.will([None]);
        let id = line.accept("hi").await;
        line.smsc.came().await;
        line.smsc.cut();
        let message = line.reaches(&id, status).await;
        assert_eq!(message["possible_duplicate"], sent == 2, "{policy}");
        if sent == 2 {
            line.smsc.came().await;
        }
    }
}

/// F1: the answer comes after nobody waited for it any more, by the same link.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_late_makes_known_what_was_unknown() {
    let smsc = Smsc::start().await;
    let line = Line::to(smsc, r#", response_timeout = "1s""#, "").await;
    let session = soon(line.smsc.bound()).await;
    let gate = line.smsc.hold().await;
    let id = line.accept("hi").await;
    line.reaches(&id, "unknown").await;
    line.smsc.will([Some(Answer::taken("m7"))]);
    drop(gate);
    let message = line.reaches(&id, "sent").await;
    assert_eq!(message["possible_duplicate"], false);
    deliver(&session, receipt("m7", "DELIVRD")).await;
    line.reaches(&id, "delivered").await;
}

/// F14: the carrier refuses the bind; messages wait and none fails.
#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_while_the_bind_is_refused() {
    let smsc = Smsc::start().await;
    smsc.refuse_binds(Some(CommandStatus::BIND_FAILED));
    let line = Line::to(smsc, "", "").await;
    let id = line.accept("hi").await;
    soon(async {
        while line.smsc.asked().len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(line.shown(&id).await["status"], "queued");
    line.smsc.refuse_binds(None);
    line.reaches(&id, "sent").await;
}
