//! The pages of dead letters through the router, with a store of the tests.

use crate::dead_letters::app;
use crate::dead_letters::store::DeadLetterStore;
use async_trait::async_trait;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use ngoma_engine::{DeadLetterKind, DeadLetterRecord};
use ngoma_message::{Address, MessageId, Timestamp};
use ngoma_web::{AppError, Site};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// Letters of one account, and what was asked for.
#[derive(Default)]
struct Letters {
    held: Vec<DeadLetterRecord>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl DeadLetterStore for Letters {
    fn accounts(&self) -> Vec<String> {
        vec!["demo".to_owned()]
    }

    async fn dead_letters(&self, _account: &str, limit: usize) -> Result<Vec<DeadLetterRecord>, AppError> {
        Ok(self.held.iter().take(limit).cloned().collect())
    }

    async fn retry(&self, account: &str, kind: DeadLetterKind, item: &MessageId) -> Result<usize, AppError> {
        let asked = format!("{account} {} {item}", kind.as_str());
        self.asked.lock().unwrap().push(asked);
        Ok(usize::from(self.held.iter().any(|letter| letter.item == *item)))
    }

    async fn retry_all(&self, account: &str, kind: DeadLetterKind) -> Result<usize, AppError> {
        let asked = format!("{account} {} all", kind.as_str());
        self.asked.lock().unwrap().push(asked);
        Ok(self.held.iter().filter(|letter| letter.kind == kind).count())
    }
}

fn letter(kind: DeadLetterKind, item: &str, reason: &str) -> DeadLetterRecord {
    DeadLetterRecord {
        account: "demo".into(),
        kind,
        item: MessageId::from(item),
        message: MessageId::from("m1"),
        at: Timestamp::parse("2026-11-23 08:30:00").unwrap(),
        attempts: 3,
        reason: reason.into(),
        address: Some(Address::new("tel", "+27831234567")),
        channel: Some("sms".into()),
        service: Some("clinic".into()),
    }
}

async fn ask(letters: &Arc<Letters>, request: Request<Body>) -> (StatusCode, String, String) {
    let site = Site::new(vec![app(letters.clone())]).router();
    let (parts, body) = site.oneshot(request).await.unwrap().into_parts();
    let location = parts.headers.get(header::LOCATION);
    let location = location.map_or("", |location| location.to_str().unwrap()).to_owned();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, location, String::from_utf8(body).unwrap())
}

async fn get(letters: &Arc<Letters>, path: &str) -> String {
    let request = Request::get(path).header("accept", "text/html");
    let (status, _, body) = ask(letters, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    body
}

async fn post(letters: &Arc<Letters>, form: &str) -> (StatusCode, String, String) {
    let request = Request::post("/dead-letters/retry")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    ask(letters, request.body(Body::from(form.to_owned())).unwrap()).await
}

#[tokio::test]
async fn an_empty_list_says_what_will_be_there() {
    let page = get(&Arc::default(), "/dead-letters").await;
    assert!(page.contains("Nothing was given up"), "{page}");
    assert!(!page.contains("<table>"));
}

#[tokio::test]
async fn each_letter_is_shown_with_its_reason_and_a_way_to_try_again() {
    let letters = Arc::new(Letters {
        held: vec![
            letter(DeadLetterKind::Webhook, "m1", "the receiver answered 500"),
            letter(DeadLetterKind::Webhook, "e1", "timed <b>out</b>"),
            letter(DeadLetterKind::Inbound, "m1", "the step broke off"),
            letter(DeadLetterKind::Event, "e2", "TypeError"),
        ],
        ..Letters::default()
    });
    let page = get(&letters, "/dead-letters").await;
    for expected in [
        "Web hook calls of demo <span class=\"quiet small\">2</span>",
        "Messages from people of demo <span class=\"quiet small\">1</span>",
        "Message from +27831234567 on channel sms<br>",
        "Message from +27831234567 on channel sms, for service clinic",
        "Event of a message to +27831234567 on channel sms, for service clinic",
        "23 November 2026, 08:30:00 UTC",
        "after 3 attempts",
        "the receiver answered 500",
        "timed &lt;b&gt;out",
        "name=\"item\" value=\"e2\"",
    ] {
        assert!(page.contains(expected), "{expected} is not in\n{page}");
    }
}

#[tokio::test]
async fn a_long_list_says_how_much_of_it_is_shown() {
    let letters = Arc::new(Letters {
        held: vec![letter(DeadLetterKind::Webhook, "m1", "no"); 101],
        ..Letters::default()
    });
    let page = get(&letters, "/dead-letters").await;
    assert!(page.contains("100 of the latest 100 of the account"), "{page}");
    assert_eq!(page.matches("name=\"item\"").count(), 100);
}

#[tokio::test]
async fn trying_again_leads_back_to_the_list_which_says_so() {
    let letters = Arc::new(Letters {
        held: vec![letter(DeadLetterKind::Webhook, "m1", "no")],
        ..Letters::default()
    });
    for (form, location) in [
        ("account=demo&kind=webhook&item=m1", "/dead-letters?retried=1"),
        ("account=demo&kind=webhook&item=gone", "/dead-letters?retried=0"),
        ("account=demo&kind=webhook", "/dead-letters?retried=1"),
    ] {
        let (status, led, _) = post(&letters, form).await;
        assert_eq!((status, led.as_str()), (StatusCode::SEE_OTHER, location), "{form}");
    }
    let expected = ["demo webhook m1", "demo webhook gone", "demo webhook all"];
    assert_eq!(*letters.asked.lock().unwrap(), expected);
    let (status, _, body) = post(&letters, "account=demo&kind=parcel").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("no kind"), "{body}");
    let page = get(&letters, "/dead-letters?retried=2").await;
    assert!(page.contains("2 dead letters are tried again"), "{page}");
}
