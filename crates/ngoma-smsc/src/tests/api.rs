//! The API through its router: what each request does, and each way to be refused.

use super::{Esme, message, smsc, smsc_with};
use crate::smsc::Smsc;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use ngoma_smpp::pdu::{Operation, ShortMessage};
use ngoma_smpp::{EndReason, tlv};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

async fn ask_raw(smsc: &Smsc, method: &str, path: &str, body: &str) -> (StatusCode, String) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = smsc.routes().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, String::from_utf8(body).unwrap())
}

async fn ask(smsc: &Smsc, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let (status, text) = ask_raw(smsc, method, path, &body).await;
    (status, serde_json::from_str(&text).unwrap_or(json!(text)))
}

async fn done(smsc: &Smsc, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = ask(smsc, method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
    answer
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    let smsc = smsc(json!({})).await;
    let _esme = Esme::bound_to(&smsc).await;
    let person = |more: Value| {
        let mut body = json!({"from": "+27831234567", "to": "8864"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let long = "a".repeat(153 * 256);
    let check = async |method: &str, path: &str, body: &str, status: u16, words: &str| {
        let (answered, text) = ask_raw(&smsc, method, path, body).await;
        let told: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text}"));
        assert_eq!(answered.as_u16(), status, "{method} {path} {body:.80}: {text}");
        let error = told["error"].as_str().unwrap();
        let told = format!("{} {error}", told["field"].as_str().unwrap_or_default());
        assert!(told.contains(words), "{method} {path} {body:.80}: {told}");
    };
    for (method, path, body, status, words) in [
        ("GET", "/api/nothing", "", 404, "the API has /api/state"),
        ("POST", "/api/state", "", 405, "takes another method"),
        ("PUT", "/api/behaviour", "", 400, "not the JSON that is wanted"),
        ("PUT", "/api/behaviour", "{} {}", 400, "something follows the JSON"),
        (
            "PUT",
            "/api/behaviour",
            r#"{"latency": 1}"#,
            400,
            "latency unknown field `latency`, expected one of",
        ),
        (
            "PUT",
            "/api/behaviour",
            r#"{"latency_ms": "1"}"#,
            400,
            "latency_ms invalid type",
        ),
        (
            "PUT",
            "/api/behaviour",
            r#"{"lost_percent": 101}"#,
            400,
            "lost_percent say a number from 0 to 100",
        ),
        (
            "PUT",
            "/api/behaviour",
            r#"{"bind": {"refuse": "NO"}}"#,
            400,
            "bind.refuse a status is a name such as",
        ),
        (
            "PUT",
            "/api/behaviour",
            r#"{"ids": {"answer": "octal"}}"#,
            400,
            "ids.answer unknown variant `octal`",
        ),
        (
            "PATCH",
            "/api/behaviour",
            r#"{"receipts": {"copies": 0}}"#,
            400,
            "receipts.copies say a number from 1 to 10",
        ),
        ("PATCH", "/api/behaviour", "7", 400, "not the JSON that is wanted"),
        ("POST", "/api/answers", r#"{"state": 1}"#, 400, "state unknown field"),
        (
            "POST",
            "/api/answers",
            r#"[{}, {"status": "WHAT"}]"#,
            400,
            "[1].status a status is a name such as",
        ),
        (
            "POST",
            "/api/answers",
            r#"{"delay_ms": 86400001}"#,
            400,
            "delay_ms say at most 86400000 milliseconds",
        ),
        ("GET", "/api/messages?after=x", "", 400, "say after=NUMBER"),
        ("GET", "/api/messages?since=1", "", 400, "say after=NUMBER"),
        ("GET", "/api/messages?wait=61", "", 400, "wait wait at most 60 seconds"),
        (
            "GET",
            "/api/messages?limit=0",
            "",
            400,
            "limit say a number from 1 to 1000",
        ),
        (
            "POST",
            "/api/deliver",
            r#"{"to": "1", "text": "a"}"#,
            400,
            "from say a number or a name",
        ),
        (
            "POST",
            "/api/deliver",
            r#"{"from": "1", "text": "a"}"#,
            400,
            "to say a number or a name",
        ),
        ("POST", "/api/deliver", &person(json!({})), 400, "either text, or hex"),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": "a", "hex": "61"})),
            400,
            "either text, or hex",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"hex": "6"})),
            400,
            "hex say up to 254 octets",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": long})),
            400,
            "text it takes more than 255 parts",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": "a", "service_type": "TOOLONG"})),
            400,
            "at most 5 characters",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": "a", "tlvs": {"x": ""}})),
            400,
            "no parameter's number",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": "a", "tlvs": {"1": "z"}})),
            400,
            "tlvs.1 say up to",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": "a", "link": 9})),
            409,
            "link 9 is not bound",
        ),
        (
            "POST",
            "/api/deliver",
            &person(json!({"text": "a", "system_id": "x"})),
            409,
            "nobody is bound",
        ),
        ("POST", "/api/receipt", "{}", 400, "missing field `id`"),
        ("POST", "/api/receipt", r#"{"id": ""}"#, 400, "id say one word"),
        (
            "POST",
            "/api/receipt",
            r#"{"id": "1", "state": "TWO WORDS"}"#,
            400,
            "state say one word",
        ),
        (
            "POST",
            "/api/receipt",
            r#"{"id": "1", "to": "é"}"#,
            400,
            "to say a number or a name",
        ),
        (
            "POST",
            "/api/receipt",
            r#"{"id": "1", "link": 9}"#,
            409,
            "link 9 is not bound",
        ),
        ("POST", "/api/links", "{}", 400, "missing field `do`"),
        (
            "POST",
            "/api/links",
            r#"{"do": "burn"}"#,
            400,
            "do unknown variant `burn`, expected one of `cut`",
        ),
        (
            "POST",
            "/api/links",
            r#"{"do": "cut", "link": 9}"#,
            404,
            "link 9 is not up",
        ),
        ("GET", "/api/ledger", "", 404, "started with --no-ledger"),
    ] {
        check(method, path, body, status, words).await;
    }
    let many = json!(vec![json!({}); 5_001]).to_string();
    done(&smsc, "POST", "/api/answers", serde_json::from_str(&many).unwrap()).await;
    check("POST", "/api/answers", &many, 409, "at most 10000 answers may wait").await;
    let (status, _) = ask_raw(&smsc, "PUT", "/api/behaviour", &" ".repeat(300_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(smsc.behaviour(), crate::Behaviour::default());
}

#[tokio::test]
async fn behaviour_is_replaced_and_changed() {
    let smsc = smsc(json!({})).await;
    let shown = done(
        &smsc,
        "PUT",
        "/api/behaviour",
        json!({"latency_ms": 5, "receipts": {"copies": 2}}),
    )
    .await;
    assert_eq!(
        (&shown["latency_ms"], &shown["receipts"]["copies"]),
        (&json!(5), &json!(2))
    );
    let patch = json!({"queue_limit": 3, "receipts": {"when": "early"}});
    let shown = done(&smsc, "PATCH", "/api/behaviour", patch).await;
    assert_eq!(
        (&shown["latency_ms"], &shown["receipts"]["copies"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(
        (&shown["queue_limit"], &shown["receipts"]["when"]),
        (&json!(3), &json!("early"))
    );
    let shown = done(&smsc, "PATCH", "/api/behaviour", json!({"queue_limit": null})).await;
    assert_eq!(shown["queue_limit"], Value::Null);
    assert_eq!(done(&smsc, "GET", "/api/behaviour", Value::Null).await, shown);
    done(&smsc, "PUT", "/api/behaviour", json!({})).await;
    assert_eq!(smsc.behaviour(), crate::Behaviour::default());
}

#[tokio::test]
async fn answers_wait_for_their_messages() {
    let smsc = smsc(json!({"receipts": {"when": "none"}})).await;
    let esme = Esme::bound_to(&smsc).await;
    let two = json!([{"status": "ESME_RTHROTTLED"}, {"id": "own"}]);
    assert_eq!(done(&smsc, "POST", "/api/answers", two).await, json!({"waiting": 2}));
    assert_eq!(
        done(&smsc, "POST", "/api/answers", json!({"lose": true})).await,
        json!({"waiting": 3})
    );
    let listed = done(&smsc, "GET", "/api/answers", Value::Null).await;
    assert_eq!(
        listed[0],
        json!({"status": "ESME_RTHROTTLED", "lose": false, "delay_ms": null, "id": null})
    );
    assert_eq!(esme.status("1").await, ngoma_smpp::CommandStatus::THROTTLED);
    assert_eq!(esme.taken("2").await, "own");
    assert_eq!(
        done(&smsc, "DELETE", "/api/answers", Value::Null).await,
        json!({"waiting": 0})
    );
    assert_eq!(esme.taken("3").await, "6699");
}

#[tokio::test]
async fn messages_are_shown_as_they_came_and_awaited() {
    let smsc = smsc(json!({"receipts": {"when": "early"}})).await;
    let esme = Esme::bound_to(&smsc).await;
    let part = ShortMessage {
        esm_class: 0x40,
        data_coding: 8,
        registered_delivery: 0,
        short_message: vec![5, 0, 3, 7, 2, 1, 0, 0xE7].into(),
        tlvs: tlv::Tlvs::default().with(tlv::USER_MESSAGE_REFERENCE, vec![0, 9]),
        ..message("")
    };
    let waiting = done(&smsc, "GET", "/api/messages?after=0&wait=30", Value::Null);
    let (shown, _) = tokio::join!(waiting, esme.session.send(Operation::Submit, part));
    let first = &shown["messages"][0];
    for (field, expected) in [
        ("number", json!(1)),
        ("system_id", json!("clinic")),
        ("operation", json!("submit_sm")),
        ("from", json!("8864")),
        ("to", json!("+27831234567")),
        ("text", json!("ç")),
        ("part", json!({"reference": 7, "total": 2, "number": 1})),
        ("data_coding", json!(8)),
        ("esm_class", json!(0x40)),
        ("tlvs", json!({"0x0204": "0009"})),
        ("hex", json!("05000307020100e7")),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    assert_eq!((&shown["next"], &shown["missed"]), (&json!(1), &json!(0)));
    esme.taken("second").await;
    let shown = done(&smsc, "GET", "/api/messages?after=1&limit=1", Value::Null).await;
    let second = &shown["messages"][0];
    assert_eq!(
        (&second["text"], &second["answer"]["id"]),
        (&json!("second"), &json!("6700"))
    );
    assert_eq!(second["receipts"][0]["answer"], json!("ESME_ROK"));
    let nothing = done(&smsc, "GET", "/api/messages?after=2", Value::Null).await;
    assert_eq!(nothing, json!({"messages": [], "next": 2, "missed": 0}));
}

#[tokio::test]
async fn a_person_sends_a_text_in_parts_or_octets_as_they_are() {
    let smsc = smsc(json!({})).await;
    let esme = Esme::bound_to(&smsc).await;
    let long = "ç".repeat(100);
    let body = json!({"from": "+27831234567", "to": "8864", "text": long});
    let told = done(&smsc, "POST", "/api/deliver", body).await;
    assert_eq!(
        told["parts"],
        json!([{"answer": "ESME_ROK", "taken": true}, {"answer": "ESME_ROK", "taken": true}])
    );
    let came = [esme.next().await.1, esme.next().await.1].concat();
    assert_eq!(came, long);
    let body = json!({
        "from": "27831234567", "to": "8864", "hex": "0102ff", "data_coding": 4, "esm_class": 2, "service_type": "USSD",
        "tlvs": {"0x0501": "01", "516": "0009"},
    });
    done(&smsc, "POST", "/api/deliver", body).await;
    let (_, came) = esme.came.lock().await.recv().await.unwrap();
    assert_eq!(
        (came.data_coding, came.esm_class, came.service_type.as_str()),
        (4, 2, "USSD")
    );
    assert_eq!(came.short_message[..], [1, 2, 0xFF]);
    assert_eq!(
        (came.tlvs.number(tlv::USSD_SERVICE_OP), came.tlvs.number(516)),
        (Some(1), Some(9))
    );
    assert_eq!(smsc.counts().delivered, 3);
}

#[tokio::test]
async fn a_receipt_is_sent_by_hand_for_a_known_id_and_for_any() {
    let smsc = smsc(json!({"receipts": {"when": "none"}, "ids": {"answer": "hex", "receipt": "decimal"}})).await;
    let esme = Esme::bound_to(&smsc).await;
    let id = esme.taken("Hello").await;
    let told = done(
        &smsc,
        "POST",
        "/api/receipt",
        json!({"id": id, "state": "EXPIRED", "err": "010"}),
    )
    .await;
    assert_eq!((&told["answer"], &told["taken"]), (&json!("ESME_ROK"), &json!(true)));
    let words = esme.next().await.1;
    assert!(
        words.starts_with("id:6699 ") && words.ends_with("stat:EXPIRED err:010 text:Hello"),
        "{words}"
    );
    let shown = done(&smsc, "GET", "/api/messages", Value::Null).await;
    assert_eq!(shown["messages"][0]["receipts"][0]["state"], json!("EXPIRED"));
    let body = json!({"id": "no-such", "from": "8864", "to": "+27830000000", "form": "both"});
    done(&smsc, "POST", "/api/receipt", body).await;
    let (_, came) = esme.came.lock().await.recv().await.unwrap();
    assert_eq!(came.tlvs.text(tlv::RECEIPTED_MESSAGE_ID).as_deref(), Some("no-such"));
    assert_eq!(
        (came.source.address.as_str(), came.destination.address.as_str()),
        ("27830000000", "8864")
    );
}

#[tokio::test]
async fn links_are_listed_and_ordered() {
    let smsc = smsc(json!({})).await;
    let mut esme = Esme::bound_to(&smsc).await;
    let state = done(&smsc, "GET", "/api/state", Value::Null).await;
    assert_eq!(state["smpp"], json!(smsc.address().to_string()));
    assert_eq!(state["counts"]["binds_granted"], json!(1));
    assert_eq!(state["ledger"], Value::Null);
    let link = &state["links"][0];
    assert_eq!(
        (&link["state"], &link["mode"]),
        (&json!("bound"), &json!("transceiver"))
    );
    let told = done(
        &smsc,
        "POST",
        "/api/links",
        json!({"do": "half_open", "link": link["number"]}),
    )
    .await;
    assert_eq!(told, json!({"links": 1}));
    while done(&smsc, "GET", "/api/links", Value::Null).await[0]["state"] != json!("half_open") {
        tokio::task::yield_now().await;
    }
    let (status, _) = ask(
        &smsc,
        "POST",
        "/api/deliver",
        json!({"from": "1", "to": "2", "text": "a"}),
    )
    .await;
    assert_eq!(status, StatusCode::CONFLICT);
    done(&smsc, "POST", "/api/links", json!({"do": "cut"})).await;
    assert_eq!(esme.session.over().await, EndReason::LinkLost);
    while done(&smsc, "GET", "/api/links", Value::Null).await != json!([]) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_ledger_is_downloaded() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let smsc = smsc_with(json!({}), Some(path.clone())).await;
    let esme = Esme::bound_to(&smsc).await;
    for _ in 0..200 {
        esme.taken("hi").await;
    }
    let (status, text) = ask_raw(&smsc, "GET", "/api/ledger", "").await;
    assert_eq!(status, StatusCode::OK);
    // More than one piece.
    assert!(text.len() > 70_000, "{}", text.len());
    assert!(std::fs::read_to_string(&path).unwrap().starts_with(&text));
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}
