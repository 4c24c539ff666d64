//! The phone's pages through the router, with a store and a carrier of the tests.

use crate::phone::fakes::{NotingCarrier, Story, at};
use crate::{apps, apps_by};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use ngoma_engine::FrozenClock;
use ngoma_web::Site;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

const NUMBER: &str = "%2B27831234567";

struct PhoneSite {
    router: Router,
    carrier: Arc<NotingCarrier>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }
}

fn phone(story: Story) -> PhoneSite {
    phone_whose_channels_answer(story, StatusCode::OK)
}

fn phone_whose_channels_answer(story: Story, status: StatusCode) -> PhoneSite {
    let carrier = NotingCarrier::answering(status);
    // The story's own day, after what happened in it.
    let clock = Arc::new(FrozenClock::at(at(100)));
    let apps = apps_by(Arc::new(story), Some(carrier.clone()), clock);
    let router = Site::new(apps).router();
    PhoneSite { router, carrier }
}

impl PhoneSite {
    async fn get(&self, path: &str) -> Answer {
        self.ask(
            Request::get(path)
                .header("accept", "text/html")
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html");
        self.ask(
            request
                .header("sec-fetch-site", "same-origin")
                .body(Body::from(form.to_owned()))
                .unwrap(),
        )
        .await
    }

    async fn post_json(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("content-type", "application/json");
        self.ask(request.body(body.into()).unwrap()).await
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
        }
    }

    fn carried(&self) -> Vec<(String, Value)> {
        self.carrier.carried.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_start_page_leads_to_the_phone_where_there_is_one() {
    let answer = phone(Story::new()).get("/").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/phone"));
    let phoneless = PhoneSite {
        router: Site::new(apps(Arc::new(Story::new()), None)).router(),
        carrier: NotingCarrier::answering(StatusCode::OK),
    };
    assert!(phoneless.get("/").await.body.contains("Ngoma is running"));
    assert_eq!(phoneless.get("/phone").await.status, StatusCode::NOT_FOUND);
    assert_eq!(phoneless.get("/ready").await.body, r#"{"ready":true}"#);
}

#[tokio::test]
async fn an_empty_phone_invites_to_dial() {
    let answer = phone(Story::new()).get("/phone").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    for expected in ["*120*8864#", "No SMS yet", "Nothing to trace yet", "+27831234567"] {
        assert!(
            answer.body.contains(expected),
            "{expected} is missing:\n{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn the_page_holds_no_inline_script_or_style() {
    let answer = phone(Story::new().dialled("Welcome").sms_out("Hi")).get("/phone").await;
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
        "{policy}"
    );
    for forbidden in ["<style", " style=", " onclick=", "javascript:"] {
        assert!(!answer.body.contains(forbidden), "{forbidden}");
    }
    assert_eq!(answer.body.matches("<script").count(), 1);
    assert!(
        answer.body.contains(r#"<script src="/static/phone."#),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn texts_of_strangers_are_shown_as_they_are() {
    let hostile = "<script>alert(1)</script> \u{202e}\"'";
    let story = Story::new().dialled(hostile).sms_in(hostile).traced(hostile, hostile);
    let answer = phone(story)
        .get("/phone?typed=%22%3E%3Cscript%3E&lost=%22%3E%3Cscript%3E&from=%3Cscript%3E")
        .await;
    assert_eq!(answer.body.matches("<script").count(), 1, "{}", answer.body);
    assert!(answer.body.contains("&lt;script&gt;alert(1)"));
    assert!(answer.body.contains("[U+202E]"));
    assert!(!answer.body.contains('\u{202e}'));
}

#[tokio::test]
async fn the_screen_shows_its_length_and_the_thread_its_marks() {
    let story = Story::new()
        .dialled("Welcome\n1. English")
        .sms_out("You are registered")
        .traced("route", "to clinic");
    let body = phone(story).get("/phone").await.body;
    for expected in [
        "Welcome\n1. English",
        "18 of 182 GSM characters",
        "18 characters, 1 segment",
        "delivered",
        "route",
        "to clinic",
    ] {
        assert!(body.contains(expected), "{expected} is missing:\n{body}");
    }
}

#[tokio::test]
async fn a_script_gets_the_changing_parts_only() {
    let site = phone(Story::new());
    let request = Request::get("/phone")
        .header("x-fragment", "phone")
        .body(Body::empty())
        .unwrap();
    let answer = site.ask(request).await;
    assert_eq!(answer.body.matches("data-region=").count(), 3);
    assert!(!answer.body.contains("<html"));
}

#[tokio::test]
async fn dialling_opens_a_session_on_the_channel_with_the_code() {
    let site = phone(Story::new());
    let answer = site
        .post("/phone/dial", &format!("from={NUMBER}&typed=*120*8864%23"))
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/phone?from=%2B27831234567")
    );
    let (path, mut body) = site.carried().remove(0);
    assert!(!body["session_id"].take().as_str().unwrap().is_empty());
    let expected = json!({ "session_id": null, "from": "+27831234567", "to": "*120*8864#", "session_event": "new", "content": null });
    assert_eq!((path.as_str(), body), ("/c/demo/ussd", expected));
}

#[tokio::test]
async fn a_code_with_further_digits_is_the_content_of_the_first_message() {
    let site = phone(Story::new());
    site.post("/phone/dial", &format!("from={NUMBER}&typed=*120*8864*1%23"))
        .await;
    let (_, body) = site.carried().remove(0);
    assert_eq!(
        (&body["to"], &body["content"]),
        (&json!("*120*8864#"), &json!("*120*8864*1#"))
    );
}

#[tokio::test]
async fn an_empty_line_dials_the_last_code_again() {
    let site = phone(Story::new());
    site.post("/phone/dial", &format!("from={NUMBER}&typed=&again=*120*8864%23"))
        .await;
    assert_eq!(site.carried().len(), 1);
}

#[tokio::test]
async fn an_unknown_code_never_leaves_the_handset() {
    let site = phone(Story::new());
    let answer = site.post("/phone/dial", &format!("from={NUMBER}&typed=*100%23")).await;
    let shown = site.get(answer.location()).await.body;
    assert!(shown.contains("Connection problem or invalid MMI code"), "{shown}");
    assert!(shown.contains("No channel has the code *100#"), "{shown}");
    assert!(site.carried().is_empty());
}

#[tokio::test]
async fn a_channel_that_refuses_is_a_connection_problem_with_its_status() {
    let site = phone_whose_channels_answer(Story::new(), StatusCode::SERVICE_UNAVAILABLE);
    let answer = site
        .post("/phone/dial", &format!("from={NUMBER}&typed=*120*8864%23"))
        .await;
    let shown = site.get(answer.location()).await.body;
    assert!(shown.contains("answered 503"), "{shown}");
}

#[tokio::test]
async fn replies_and_hanging_up_reach_the_open_session() {
    async fn check(action: &str, event: &str, content: Value) {
        let site = phone(Story::new().dialled("Welcome"));
        let form = format!("from={NUMBER}&session=s1&typed=1+%26+2&again=x&lost=y");
        assert_eq!(site.post(action, &form).await.status, StatusCode::SEE_OTHER);
        let (path, body) = site.carried().remove(0);
        let expected = json!({ "session_id": "s1", "from": "+27831234567", "to": "*120*8864#", "session_event": event, "content": content });
        assert_eq!((path.as_str(), body), ("/c/demo/ussd", expected));
    }
    check("/phone/reply", "resume", json!("1 & 2")).await;
    check("/phone/hang-up", "close", Value::Null).await;
}

#[tokio::test]
async fn nothing_is_sent_into_a_session_that_is_over_or_not_on_the_screen() {
    async fn check(story: Story, session: &str) {
        let site = phone(story);
        let answer = site
            .post("/phone/reply", &format!("from={NUMBER}&session={session}&typed=1"))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(site.carried().is_empty());
    }
    check(Story::new().dialled("Hi").ended("Bye"), "s1").await;
    check(Story::new().dialled("Hi"), "s0").await;
    check(Story::new(), "").await;
}

#[tokio::test]
async fn an_sms_reaches_the_channel_with_the_number() {
    let site = phone(Story::new());
    let answer = site
        .post("/phone/sms", &format!("from={NUMBER}&to=8864&content=STOP%0D%0Anow"))
        .await;
    assert_eq!(answer.location(), "/phone?from=%2B27831234567");
    let (path, mut body) = site.carried().remove(0);
    assert!(!body["message_id"].take().as_str().unwrap().is_empty());
    let expected = json!({ "message_id": null, "from": "+27831234567", "to": "8864", "content": "STOP\nnow" });
    assert_eq!((path.as_str(), body), ("/c/demo/sms", expected));
}

#[tokio::test]
async fn an_sms_that_cannot_be_sent_keeps_what_was_typed() {
    async fn check(status: StatusCode, form: &str, problem: &str, kept: &str) {
        let site = phone_whose_channels_answer(Story::new(), status);
        let answer = site.post("/phone/sms", &format!("from={NUMBER}&{form}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(problem), "{}", answer.body);
        assert!(answer.body.contains(kept), "{}", answer.body);
    }
    check(
        StatusCode::OK,
        "to=8864&content=+",
        "The message is empty",
        r#"value="8864""#,
    )
    .await;
    check(
        StatusCode::OK,
        "to=999&content=my+words",
        "No SMS channel has the number 999",
        "my words",
    )
    .await;
    check(
        StatusCode::SERVICE_UNAVAILABLE,
        "to=8864&content=my+words",
        "answered 503",
        "my words",
    )
    .await;
}

#[tokio::test]
async fn the_inbox_takes_an_sms_and_reports_it_delivered() {
    let site = phone(Story::new());
    let sms = json!({ "message_id": "m1", "from": "8864", "to": "+27831234567", "content": "Hi", "more": 1 });
    let answer = site.post_json("/phone/inbox", sms.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(body["provider_id"].as_str().unwrap().starts_with("phone-"));
    site.carrier.seen.notified().await;
    let expected = json!({ "message_id": "m1", "status": "delivered" });
    assert_eq!(site.carried(), [("/c/demo/sms/receipt".to_owned(), expected)]);
}

#[tokio::test]
async fn the_inbox_names_what_is_wrong() {
    async fn check(body: &'static str, problem: &str) {
        let answer = phone(Story::new()).post_json("/phone/inbox", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains(problem), "{}", answer.body);
    }
    check("{", "the body is no message").await;
    check(r#"{"from":"8864","to":"+1","content":""}"#, "message_id").await;
    check(
        r#"{"message_id":"1","from":"1","to":"+1","content":""}"#,
        "from: no SMS channel",
    )
    .await;
}

#[tokio::test]
async fn another_sites_page_cannot_dial() {
    let site = phone(Story::new());
    let request = Request::post("/phone/dial")
        .header("sec-fetch-site", "cross-site")
        .header("accept", "text/html");
    let answer = site.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("Not allowed"), "{}", answer.body);
    assert!(site.carried().is_empty());
}

#[tokio::test]
async fn a_form_that_is_too_large_or_unreadable_is_told_so_in_words() {
    let site = phone(Story::new());
    let large = site
        .post("/phone/sms", &format!("to=8864&content={}", "a".repeat(100_000)))
        .await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.body.contains("too large"), "{}", large.body);
    let wrong = site.get("/phone/dial").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong.body.contains("<h1>"), "{}", wrong.body);
}

#[tokio::test]
async fn keys_work_as_links_where_there_is_no_script() {
    let site = phone(Story::new());
    let body = site
        .get(&format!("/phone?from={NUMBER}&session=&again=x&typed=*12&key=0"))
        .await
        .body;
    assert!(body.contains(r#"value="*120""#), "{body}");
}

#[tokio::test]
async fn losing_the_signal_tells_nobody_and_leaves_the_handset_ready_to_dial() {
    let site = phone(Story::new().dialled("Welcome"));
    assert!(site.get("/phone").await.body.contains("lost=s1"));
    let body = site.get(&format!("/phone?from={NUMBER}&lost=s1")).await.body;
    assert!(body.contains("No signal"), "{body}");
    assert!(body.contains(r#"action="/phone/dial""#), "{body}");
    assert!(site.carried().is_empty());
}
