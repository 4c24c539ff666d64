//! What each setting does, on a clock that does not run by itself.

use super::{Esme, bind, message, smsc};
use crate::behaviour::{Base, Behaviour, Form, NextAnswer, When};
use crate::link::Order;
use ngoma_smpp::pdu::{BindMode, Operation, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, EndReason, Outcome};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

fn milliseconds(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn by_default_everything_is_taken_and_delivered_a_little_later() {
    let smsc = smsc(json!({})).await;
    let esme = Esme::bound_to(&smsc).await;
    let start = Instant::now();
    assert_eq!(esme.taken("Hello").await, "6699");
    assert_eq!(milliseconds(start), 0);
    let (at, words) = esme.next().await;
    assert_eq!((at - start).as_millis(), 500);
    assert!(
        words.starts_with("id:6699 ") && words.ends_with("stat:DELIVRD err:000 text:Hello"),
        "{words}"
    );
    let unasked = ShortMessage {
        registered_delivery: 0,
        ..message("no receipt")
    };
    esme.session.send(Operation::Submit, unasked).await;
    esme.taken("last").await;
    assert!(esme.next().await.1.ends_with("text:last"));
}

#[tokio::test(start_paused = true)]
async fn answers_take_their_time() {
    let smsc = smsc(json!({"latency_ms": 200, "receipts": {"when": "none"}})).await;
    let esme = Esme::bound_to(&smsc).await;
    let start = Instant::now();
    tokio::join!(esme.taken("one"), esme.taken("two"));
    assert_eq!(milliseconds(start), 200);
    let mut jittery = smsc.behaviour();
    jittery.jitter_ms = 100;
    smsc.behave(jittery).unwrap();
    for _ in 0..20 {
        let start = Instant::now();
        esme.taken("three").await;
        assert!((200..=300).contains(&milliseconds(start)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_sender_is_throttled_by_the_second() {
    let smsc = smsc(json!({"throttle_per_second": 2})).await;
    let esme = Esme::bound_to(&smsc).await;
    for _ in 0..2 {
        for expected in [CommandStatus::OK, CommandStatus::OK, CommandStatus::THROTTLED] {
            assert_eq!(esme.status("hi").await, expected);
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_full_until_something_is_delivered() {
    for receipts in [json!({"delay_ms": 1000}), json!({"when": "none", "delay_ms": 1000})] {
        let smsc = smsc(json!({"queue_limit": 2, "receipts": receipts})).await;
        let esme = Esme::bound_to(&smsc).await;
        for expected in [CommandStatus::OK, CommandStatus::OK, CommandStatus::QUEUE_FULL] {
            assert_eq!(esme.status("hi").await, expected);
        }
        tokio::time::sleep(Duration::from_millis(1_001)).await;
        assert_eq!(esme.status("hi").await, CommandStatus::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_lost_and_their_receipts_come_all_the_same() {
    let smsc = smsc(json!({"lost_percent": 100})).await;
    let esme = Esme::bound_to(&smsc).await;
    let sent = tokio::time::timeout(Duration::from_secs(60), esme.submit("Hello")).await;
    assert!(sent.is_err(), "{sent:?}");
    assert!(esme.next().await.1.starts_with("id:6699 "));
    let (_, came) = smsc.messages().after(0, 1).remove(0);
    assert!(came.answer.unwrap().is_lost);
    assert_eq!((smsc.counts().lost, smsc.counts().taken), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn binds_are_refused_as_it_is_said() {
    for (terms, system_id, password, expected) in [
        (json!({}), "anybody", "any", None),
        (
            json!({"refuse": "ESME_RBINDFAIL"}),
            "clinic",
            "drum",
            Some(CommandStatus::BIND_FAILED),
        ),
        (json!({"system_id": "clinic"}), "clinic", "any", None),
        (
            json!({"system_id": "clinic"}),
            "other",
            "any",
            Some(CommandStatus::INVALID_SYSTEM_ID),
        ),
        (json!({"password": "drum"}), "any", "drum", None),
        (
            json!({"password": "drum"}),
            "any",
            "horn",
            Some(CommandStatus::INVALID_PASSWORD),
        ),
    ] {
        let smsc = smsc(json!({ "bind": terms })).await;
        let bound = Esme::bind(&smsc, &bind(system_id, password, BindMode::Transceiver), 0).await;
        assert_eq!(bound.err(), expected.map(EndReason::BindRefused), "{terms}");
        let counts = smsc.counts();
        let refused = u64::from(expected.is_some());
        assert_eq!((counts.binds_granted, counts.binds_refused), (1 - refused, refused));
        assert_eq!(smsc.asked().last(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_while_it_is_held() {
    let smsc = smsc(json!({"hold": true})).await;
    let esme = Esme::bound_to(&smsc).await;
    let (answer, ()) = tokio::join!(esme.submit("hi"), async {
        smsc.messages().grows_beyond(0).await;
        // What is said meanwhile counts for what is held.
        smsc.will([NextAnswer {
            id: Some("own".into()),
            ..NextAnswer::default()
        }])
        .unwrap();
        tokio::time::sleep(Duration::from_secs(9)).await;
        smsc.hold(false);
    });
    assert_eq!(answer, Outcome::Answered(Answer::taken("own")));
}

#[tokio::test(start_paused = true)]
async fn the_next_messages_are_answered_as_it_is_said_each_once() {
    let smsc =
        smsc(json!({"latency_ms": 50, "throttle_per_second": 1, "ids": {"answer": "hex", "receipt": "decimal"}})).await;
    let esme = Esme::bound_to(&smsc).await;
    let next: Vec<NextAnswer> = serde_json::from_value(json!([
        {"status": "ESME_RSYSERR"},
        {"delay_ms": 3000},
        {"id": "ABC"},
        {"status": 1024, "delay_ms": 0},
        {"lose": true},
    ]))
    .unwrap();
    smsc.will(next).unwrap();
    let start = Instant::now();
    assert_eq!(esme.status("1").await, CommandStatus::SYSTEM_ERROR);
    assert_eq!(milliseconds(start), 50);
    assert_eq!(esme.taken("2").await, "1a2b");
    assert_eq!(milliseconds(start), 3_050);
    assert_eq!(esme.taken("3").await, "ABC");
    assert_eq!(esme.status("4").await, CommandStatus(0x400));
    assert_eq!(milliseconds(start), 3_100);
    let lost = tokio::time::timeout(Duration::from_secs(9), esme.submit("5")).await;
    assert!(lost.is_err());
    assert_eq!(esme.taken("6").await, "1a2d");
    let mut receipts = Vec::new();
    for _ in 0..4 {
        let words = esme.next().await.1;
        receipts.push(words.split(' ').next().unwrap().to_owned());
    }
    assert_eq!(receipts, ["id:6699", "id:2748", "id:6700", "id:6701"]);
}

#[tokio::test(start_paused = true)]
async fn receipts_are_late_doubled_failed_and_in_other_forms() {
    let behaviour = json!({
        "receipts": {
            "delay_ms": 3_600_000, "copies": 2, "form": "both", "state": "ACCEPTD",
            "failing": {"every": 2, "state": "REJECTD", "err": "045"},
        },
        "ids": {"answer": "hex_upper", "receipt": "padded_decimal"},
    });
    let smsc = smsc(behaviour).await;
    let esme = Esme::bound_to(&smsc).await;
    assert_eq!(esme.taken("1").await, "1A2B");
    assert_eq!(esme.taken("2").await, "1A2C");
    let start = Instant::now();
    let mut told = Vec::new();
    for _ in 0..4 {
        let (at, words) = esme.next().await;
        assert_eq!((at - start).as_secs(), 3_600);
        let receipt = ngoma_smpp::receipt::receipt_text(&words).unwrap();
        told.push((receipt.id, receipt.state_word, receipt.error));
    }
    told.sort();
    let first = ("00000000000000006699".to_owned(), "ACCEPTD".to_owned(), None);
    let second = (
        "00000000000000006700".to_owned(),
        "REJECTD".to_owned(),
        Some("045".to_owned()),
    );
    assert_eq!(told, [first.clone(), first, second.clone(), second]);
}

#[tokio::test(start_paused = true)]
async fn a_share_of_messages_fails() {
    let smsc = smsc(json!({"receipts": {"delay_ms": 0, "failing": {"percent": 30}}})).await;
    let esme = Esme::bound_to(&smsc).await;
    let mut failed = 0;
    for _ in 0..200 {
        esme.taken("hi").await;
        failed += u32::from(esme.next().await.1.contains("stat:UNDELIV err:001"));
    }
    assert!((40..80).contains(&failed), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_receipt_is_sent_again_until_it_is_taken() {
    let smsc = smsc(json!({"receipts": {"delay_ms": 0}})).await;
    let esme = Esme::bind(&smsc, &bind("clinic", "drum", BindMode::Transceiver), 2)
        .await
        .unwrap();
    let start = Instant::now();
    esme.taken("hi").await;
    esme.next().await;
    assert_eq!(milliseconds(start), 2_000);
    let counts = smsc.counts();
    assert_eq!(counts.receipts_not_taken, 2);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_waits_for_a_bind_of_the_same_esme_that_may_get_it() {
    let smsc = smsc(json!({"receipts": {"delay_ms": 0}})).await;
    let sender = Esme::bind(&smsc, &bind("clinic", "", BindMode::Transmitter), 0)
        .await
        .unwrap();
    let other = Esme::bind(&smsc, &bind("other", "", BindMode::Receiver), 0)
        .await
        .unwrap();
    sender.taken("hi").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let receiver = Esme::bind(&smsc, &bind("clinic", "", BindMode::Receiver), 0)
        .await
        .unwrap();
    assert!(receiver.next().await.1.contains("stat:DELIVRD"));
    assert!(other.came.lock().await.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn links_are_cut_closed_and_unbound() {
    for (order, expected) in [
        (Order::Cut, EndReason::LinkLost),
        (Order::Close, EndReason::LinkLost),
        (Order::Unbind, EndReason::UnboundByPeer),
    ] {
        let smsc = smsc(json!({})).await;
        let mut esme = Esme::bound_to(&smsc).await;
        assert_eq!(smsc.order(order).await, 1);
        assert_eq!(esme.session.over().await, expected, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_open_link_says_nothing_and_stays_until_it_is_cut() {
    let smsc = smsc(json!({})).await;
    let mut esme = Esme::bound_to(&smsc).await;
    smsc.order(Order::HalfOpen).await;
    let start = Instant::now();
    let silence = tokio::time::timeout(Duration::from_secs(20), esme.submit("hi")).await;
    assert!(silence.is_err());
    assert_eq!(smsc.messages().last(), 0);
    // The ESME finds out by itself: nobody answers its enquiry.
    assert_eq!(esme.session.over().await, EndReason::NoEcho);
    assert!(milliseconds(start) > 30_000);
    assert_eq!(smsc.order(Order::Cut).await, 1);
    let esme = Esme::bound_to(&smsc).await;
    esme.taken("again").await;
}

#[tokio::test]
async fn it_ends_in_order() {
    let smsc = smsc(json!({})).await;
    let mut esme = Esme::bound_to(&smsc).await;
    smsc.stop().await;
    assert_eq!(esme.session.over().await, EndReason::UnboundByPeer);
}

#[tokio::test]
async fn a_behaviour_that_cannot_be_changes_nothing() {
    let smsc = smsc(json!({"latency_ms": 5})).await;
    let impossible = Behaviour {
        lost_percent: 101.0,
        ..Behaviour::default()
    };
    assert_eq!(smsc.behave(impossible).unwrap_err().field, "lost_percent");
    assert_eq!(smsc.behaviour().latency_ms, 5);
    assert_eq!(
        (smsc.behaviour().receipts.form, smsc.behaviour().ids.answer),
        (Form::Text, Base::Decimal)
    );
    assert_eq!(smsc.behaviour().receipts.when, When::After);
}
