//! The page through its router, without JavaScript.

use crate::behaviour::When;
use crate::{Settings, Smsc};
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn ask(smsc: &Smsc, request: Request<Body>) -> (StatusCode, String, String) {
    let (parts, body) = smsc.routes().oneshot(request).await.unwrap().into_parts();
    let location = parts.headers.get(header::LOCATION);
    let location = location.map_or("", |location| location.to_str().unwrap()).to_owned();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, location, String::from_utf8(body).unwrap())
}

async fn post(smsc: &Smsc, path: &str, form: &str) -> (StatusCode, String, String) {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("sec-fetch-site", "same-origin");
    ask(smsc, request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn page(smsc: &Smsc, path: &str) -> String {
    let request = Request::get(path).header("accept", "text/html");
    let (status, _, body) = ask(smsc, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

const FORM: &str = "latency_ms=5&jitter_ms=&throttle_per_second=7&queue_limit=&lost_percent=2.5&refuse=&system_id=&password=\
    &when=early&delay_ms=100&state=DELIVRD&err=000&copies=2&form=both&failing_percent=0&failing_every=&failing_state=UNDELIV\
    &failing_err=001&prefix=&answer=hex&receipt=decimal";

#[tokio::test]
async fn an_empty_page_says_how_to_begin() {
    let smsc = Smsc::start(Settings::default()).await.unwrap();
    let page = page(&smsc, "/").await;
    for words in [
        "Nobody is bound",
        "No message yet",
        &smsc.address().to_string(),
        "No ledger is written",
    ] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
}

#[tokio::test]
async fn the_form_has_the_carrier_behave_as_it_says() {
    let smsc = Smsc::start(Settings::default()).await.unwrap();
    let (status, led, _) = post(&smsc, "/behaviour", FORM).await;
    assert_eq!((status, led.as_str()), (StatusCode::SEE_OTHER, "/?done=behaviour"));
    let behaviour = smsc.behaviour();
    assert_eq!(
        (
            behaviour.latency_ms,
            behaviour.throttle_per_second,
            behaviour.lost_percent
        ),
        (5, Some(7), 2.5)
    );
    assert_eq!(
        (behaviour.receipts.when, behaviour.receipts.copies, behaviour.hold),
        (When::Early, 2, false)
    );
    let page = page(&smsc, "/?done=behaviour").await;
    assert!(
        page.contains("behaves so from now on") && page.contains("value=\"7\""),
        "{page}"
    );
}

#[tokio::test]
async fn what_cannot_be_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let smsc = Smsc::start(Settings::default()).await.unwrap();
    for (good, bad, field) in [
        ("latency_ms=5", "latency_ms=soon", "latency_ms"),
        ("copies=2", "copies=12", "receipts-copies"),
        ("refuse=", "refuse=WHAT", "bind-refuse"),
    ] {
        let (status, _, page) = post(&smsc, "/behaviour", &FORM.replace(good, bad)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{field}: {page}");
        assert!(page.contains(&format!("href=\"#{field}\"")), "{field}: {page}");
        let (_, typed) = bad.split_once('=').unwrap();
        assert!(
            page.contains("value=\"7\"") && page.contains(&format!("value=\"{typed}\"")),
            "{page}"
        );
    }
    assert_eq!(smsc.behaviour(), crate::Behaviour::default());
}

#[tokio::test]
async fn a_message_that_nobody_can_take_is_kept_in_its_form() {
    let smsc = Smsc::start(Settings::default()).await.unwrap();
    let (status, _, page) = post(&smsc, "/deliver", "from=%2B27831234567&to=8864&words=JOIN").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        page.contains("nobody is bound") && page.contains(">JOIN</textarea>"),
        "{page}"
    );
    let (status, _, page) = post(&smsc, "/deliver", "from=&to=8864&words=JOIN").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("id=\"from-error\""), "{page}");
}

#[tokio::test]
async fn links_are_ordered_by_buttons() {
    let smsc = Smsc::start(Settings::default()).await.unwrap();
    let (status, led, _) = post(&smsc, "/links", "order=cut").await;
    assert_eq!((status, led.as_str()), (StatusCode::SEE_OTHER, "/?done=links"));
    let (status, _, page) = post(&smsc, "/links", "order=cut&link=9").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("link 9 is not up"), "{page}");
}
