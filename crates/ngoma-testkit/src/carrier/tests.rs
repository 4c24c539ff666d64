//! The carrier behind a transport and behind HTTP: what it answers, what it sends, and what its ledger shows.

use super::ledger::{Entry, ReceiptResult, compare, compare_inbound};
use super::*;
use crate::{FakeDoor, FakeProvider, Scripted};
use ngoma_engine::channel::{
    ChannelType, Config, Outbound, ReceiptFor, ReceiveError, SendError, SendErrorKind, Sent, Transport,
};
use ngoma_message::{Address, DeliveryStatus, Object};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;

/// A carrier with its ledger in a folder of its own.
fn carrier() -> (TempDir, Carrier) {
    let folder = tempfile::tempdir().expect("a folder");
    let carrier = Carrier::new(&folder.path().join("ledger")).expect("a ledger");
    (folder, carrier)
}

fn open(carrier: &Carrier) -> (Arc<FakeDoor>, Arc<dyn Transport>) {
    let door = FakeDoor::new();
    let channel_type = FakeCarrier(carrier.clone());
    let transport = channel_type.open(&Config::default(), door.context(Some("31022")));
    (door, Arc::from(transport.expect("it has no settings")))
}

fn outbound(id: &str) -> Outbound {
    Outbound {
        id: id.into(),
        to: Address::new("tel", "+27831234567"),
        from: None,
        content: "Welcome.".to_owned(),
        whole: None,
        in_reply_to: None,
        session_event: None,
        attempts: 0,
        part: None,
        helper_metadata: Object::new(),
    }
}

fn posted(id: &str) -> Value {
    json!({"message_id": id, "from": "31022", "to": "+27831234567", "content": "Welcome."})
}

/// The receipts in the ledger: the id, and what became of it.
fn receipts(carrier: &Carrier) -> Vec<(String, ReceiptResult)> {
    let receipt = |line: Line| match line.entry {
        Entry::Receipt { about, result, .. } => Some((about, result)),
        _ => None,
    };
    carrier.ledger().into_iter().filter_map(receipt).collect()
}

fn taken(provider_id: &str) -> Result<Sent, SendErrorKind> {
    Ok(Sent {
        provider_id: Some(provider_id.to_owned()),
    })
}

#[tokio::test]
async fn a_channel_gets_what_the_script_says_and_the_ledger_has_it_first() {
    let (_folder, carrier) = carrier();
    let (_door, transport) = open(&carrier);
    let check = async |behaviour: Behaviour, expected: Result<Sent, SendErrorKind>, last: Answer| {
        carrier.then(behaviour.clone());
        let sent = transport.send(&outbound("a-1")).await;
        assert_eq!(sent.map_err(|error: SendError| error.kind), expected, "{behaviour:?}");
        let ledger = carrier.ledger();
        let Some(Entry::Answer { answer, .. }) = ledger.last().map(|line| &line.entry) else {
            panic!("{ledger:?}");
        };
        assert_eq!(*answer, last, "{behaviour:?}");
    };
    check(Behaviour::accept(), taken("1000001"), Answer::Accepted).await;
    check(Behaviour::accept_as("p-7"), taken("p-7"), Answer::Accepted).await;
    check(
        Behaviour::lose_response(),
        Err(SendErrorKind::Ambiguous),
        Answer::ResponseLost,
    )
    .await;
    check(Behaviour::throttle(), Err(SendErrorKind::Throttled), Answer::Throttled).await;
    check(
        Behaviour::fail_for_now(),
        Err(SendErrorKind::Temporary),
        Answer::TemporaryError,
    )
    .await;
    check(
        Behaviour::refuse(),
        Err(SendErrorKind::Permanent),
        Answer::PermanentError,
    )
    .await;
    let submission = Submission {
        message_id: "a-1".to_owned(),
        from: Some("31022".to_owned()),
        to: "+27831234567".to_owned(),
        text: "Welcome.".to_owned(),
        part: None,
    };
    assert_eq!(carrier.submissions(), vec![submission; 6]);
    assert_eq!(compare(["a-1"], &carrier.ledger()).duplicates["a-1"], 3);
}

#[tokio::test]
async fn http_gets_what_the_script_says() {
    let (_folder, carrier) = carrier();
    let front = carrier.serve().await.expect("a free port");
    let client = JsonClient::new(front.submit_url());
    let check = async |behaviour: Behaviour, expected: Option<u16>| {
        carrier.then(behaviour.clone());
        let answer = client.post("", &posted("a-1")).await;
        assert_eq!(answer.ok().map(|answer| answer.status), expected, "{behaviour:?}");
    };
    check(Behaviour::lose_response(), None).await;
    check(Behaviour::throttle(), Some(429)).await;
    check(Behaviour::fail_for_now(), Some(503)).await;
    check(Behaviour::refuse(), Some(400)).await;
    let answer = client.post("", &posted("b-1")).await.expect("an answer");
    assert_eq!((answer.status, answer.json()), (200, json!({"provider_id": "1000009"})));
    assert_eq!(client.post("", &json!({})).await.expect("an answer").status, 400);
    assert_eq!(
        client.post("/else", &posted("c-1")).await.expect("an answer").status,
        404
    );
    assert!(compare(["a-1", "b-1"], &carrier.ledger()).is_exactly_once());
}

#[tokio::test]
async fn what_is_held_goes_on_when_released_even_if_nobody_waits() {
    let (_folder, carrier) = carrier();
    let front = carrier.serve().await.expect("a free port");
    carrier.then(Behaviour::accept().held());
    let client = JsonClient::new(front.submit_url());
    let waiting = tokio::spawn(async move { client.post("", &posted("a-1")).await.map(|answer| answer.status) });
    carrier.until_held(1).await;
    assert_eq!(compare(["a-1"], &carrier.ledger()).lost, ["a-1"]);
    waiting.abort();
    waiting.await.expect_err("it was given up");
    carrier.release();
    carrier.until_answered(1).await;
    assert!(compare(["a-1"], &carrier.ledger()).is_exactly_once());
}

#[tokio::test]
async fn receipts_come_before_the_answer_later_twice_and_by_other_names() {
    let (_folder, carrier) = carrier();
    let (door, transport) = open(&carrier);
    let receipt = PlannedReceipt::delivered();
    carrier.then(
        Behaviour::accept()
            .receipt(receipt.before_the_answer())
            .receipt(receipt)
            .receipt(receipt),
    );
    transport.send(&outbound("a-1")).await.expect("accepted");
    let id = "1000001".to_owned();
    // The id was not known before the answer: that receipt is sent again with the others.
    assert_eq!(receipts(&carrier), [(id.clone(), ReceiptResult::Unknown)]);
    door.knows(&id);
    assert_eq!(carrier.send_receipts().await, 0);
    let later = [
        ReceiptResult::Recorded,
        ReceiptResult::Unchanged,
        ReceiptResult::Unchanged,
    ];
    assert_eq!(receipts(&carrier)[1..], later.map(|result| (id.clone(), result)));

    carrier.then(Behaviour::accept().receipt(PlannedReceipt::failed().in_other_base()));
    carrier.then(Behaviour::accept_as("p-9").receipt(receipt.by_our_id()));
    carrier.then(Behaviour::refuse().receipt(receipt));
    transport.send(&outbound("a-2")).await.expect("accepted");
    transport.send(&outbound("a-3")).await.expect("accepted");
    transport.send(&outbound("a-4")).await.expect_err("refused");
    door.knows("a-3");
    assert_eq!(
        carrier.send_receipts().await,
        1,
        "nobody knows the number in another base"
    );
    let failed = format!("{:X}", FIRST_NUMBER + 7);
    door.knows(&failed);
    assert_eq!(carrier.send_receipts().await, 0);
    let last = door.receipts().pop().expect("it was recorded");
    assert_eq!(
        (last.about, last.status),
        (ReceiptFor::ProviderId(failed), DeliveryStatus::Failed)
    );
}

#[tokio::test]
async fn receipts_reach_a_web_hook_and_are_sent_again_until_they_are_taken() {
    let (_folder, carrier) = carrier();
    let front = carrier.serve().await.expect("a free port");
    let hook = FakeProvider::start().await.expect("a free port");
    carrier.reports_to(JsonClient::new(hook.url("/c/demo/sms")));
    carrier.otherwise(|_| Behaviour::accept().receipt(PlannedReceipt::delivered()));
    let client = JsonClient::new(front.submit_url());
    client.post("", &posted("a-1")).await.expect("an answer");
    for (status, body) in [(404, "{}"), (503, "{}"), (200, r#"{"result":"recorded"}"#)] {
        hook.then(Scripted::Answer(status, body.to_owned()));
    }
    let _sending = carrier.keep_sending_receipts(Duration::from_millis(1));
    let is_recorded = || {
        receipts(&carrier)
            .last()
            .is_some_and(|(_, result)| *result == ReceiptResult::Recorded)
    };
    while !is_recorded() {
        tokio::task::yield_now().await;
    }
    let results: Vec<_> = receipts(&carrier).into_iter().map(|(_, result)| result).collect();
    assert_eq!(
        results,
        [
            ReceiptResult::Unknown,
            ReceiptResult::Unavailable,
            ReceiptResult::Recorded
        ]
    );
    let request = hook.requests().pop().expect("a request");
    assert_eq!(request.path, "/c/demo/sms/receipt");
    assert_eq!(request.json(), json!({"provider_id": "1000001", "status": "delivered"}));
}

#[tokio::test]
async fn persons_write_until_each_message_is_taken_once() {
    let (_folder, carrier) = carrier();
    let (door, _transport) = open(&carrier);
    door.refuse(Some(ReceiveError::Unavailable("closing down".to_owned())));
    assert_eq!(carrier.person_writes("+27831234567", "31022", "JOIN").await, None);
    let writing = carrier.persons_write(Persons::to("31022").text("STOP").count(2).per_second(1000));
    let written = || {
        carrier
            .ledger()
            .iter()
            .filter(|line| matches!(line.entry, Entry::Inbound { .. }))
            .count()
    };
    while written() < 4 {
        tokio::task::yield_now().await;
    }
    door.refuse(None);
    writing.finish().await;
    let stored: Vec<String> = door
        .inbound()
        .into_iter()
        .filter_map(|message| message.provider_id)
        .collect();
    assert_eq!(stored.len() + 1, written(), "the first was sent once only");
    assert!(compare_inbound(&carrier.ledger(), stored.iter().map(String::as_str)).is_exactly_once());
    let numbers: BTreeSet<String> = door
        .inbound()
        .iter()
        .map(|message| message.from.value().to_owned())
        .collect();
    assert_eq!(Vec::from_iter(numbers), ["+27830000000", "+27830000001"]);
    assert!(
        door.inbound()
            .iter()
            .all(|message| message.content.as_deref() == Some("STOP"))
    );
}

#[tokio::test]
async fn persons_write_to_a_web_hook() {
    let (_folder, carrier) = carrier();
    let hook = FakeProvider::start().await.expect("a free port");
    carrier.reports_to(JsonClient::new(hook.url("/c/demo/sms")));
    hook.then(Scripted::Answer(200, r#"{"message_id":"m-1"}"#.to_owned()));
    hook.then(Scripted::HangUp);
    let write = || carrier.person_writes("+27831234567", "31022", "JOIN");
    assert_eq!(write().await.as_deref(), Some("m-1"));
    assert_eq!(write().await, None);
    let requests = hook.requests();
    let body = requests[0].json();
    assert_eq!(requests[0].path, "/c/demo/sms");
    assert_eq!(
        (&body["from"], &body["content"]),
        (&json!("+27831234567"), &json!("JOIN"))
    );
    assert_ne!(body["message_id"], requests[1].json()["message_id"]);
    let verdict = compare_inbound(&carrier.ledger(), []);
    assert_eq!(
        Some(verdict.lost),
        body["message_id"].as_str().map(|id| vec![id.to_owned()])
    );
}

#[tokio::test]
async fn a_carrier_that_starts_again_goes_on_with_its_ledger() {
    let (folder, first) = carrier();
    let (_door, transport) = open(&first);
    assert_eq!(
        transport.send(&outbound("a-1")).await,
        Ok(taken("1000001").expect("taken"))
    );
    drop((transport, first));
    let second = Carrier::new(&folder.path().join("ledger")).expect("a ledger");
    let (_door, transport) = open(&second);
    assert_eq!(
        transport.send(&outbound("a-2")).await,
        Ok(taken("1000003").expect("taken"))
    );
    second.until_submitted(1).await;
    assert!(compare(["a-1", "a-2"], &second.ledger()).is_exactly_once());
}
