//! The demo from its first line to the SMS at the end.

use crate::program::{Server, ussd};
use serde_json::Value;

const FROM: &str = "+27831234567";

/// One person's calls to the demo.
struct Caller<'a> {
    server: &'a Server,
    session: &'static str,
}

impl Caller<'_> {
    async fn dial(&self) -> Value {
        self.turn("new", None).await
    }

    async fn answer(&self, content: &str) -> String {
        let answer = self.turn("resume", Some(content)).await;
        answer["content"].as_str().unwrap().to_owned()
    }

    async fn turn(&self, event: &str, content: Option<&str>) -> Value {
        let answer = self
            .server
            .post("/c/demo/ussd", &ussd(self.session, "083 123 4567", event, content))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// A day in 100 days, as a person types it.
fn due_date() -> String {
    (chrono::Utc::now() + chrono::Duration::days(100))
        .format("%d/%m/%Y")
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_says_where_it_is() {
    let server = Server::demo().await;
    let log = server.process.log();
    for part in ["store", "queue", "cache", "channel", "service", "web", "phone"] {
        assert!(
            log.lines().any(|line| line.starts_with(part)),
            "{part} is not in: {log}"
        );
    }
    assert!(log.contains(&server.process.url()));
    assert!(log.contains("/c/demo/ussd"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_registers_hangs_up_resumes_and_gets_an_sms() {
    let server = Server::demo().await;
    let first = Caller {
        server: &server,
        session: "first",
    };
    let screen = first.dial().await;
    assert!(screen["content"].as_str().unwrap().contains("isiZulu"), "{screen}");
    assert_eq!(screen["session_event"], "resume");
    first.answer("1").await;
    first.answer("1").await;
    let complaint = first.answer("31/02/2027").await;
    assert!(complaint.contains("could not read"), "{complaint}");
    assert!(first.answer(&due_date()).await.contains("clinic"));
    assert_eq!(first.turn("close", None).await["session_event"], "close");

    let second = Caller {
        server: &server,
        session: "second",
    };
    let offer = second.dial().await;
    assert!(
        offer["content"]
            .as_str()
            .unwrap()
            .contains("Continue where you left off"),
        "{offer}"
    );
    assert!(second.answer("1").await.contains("Which clinic"));
    assert!(second.answer("1").await.contains("Please check"));
    let last = second.turn("resume", Some("1")).await;
    assert_eq!(last["session_event"], "close", "{last}");

    let page = phone_page_with(&server, "MamaCare: you are registered").await;
    assert!(page.contains("delivered"), "{page}");
    assert!(page.contains("+27831234567"), "the address is kept as E.164");
}

/// The phone page once its thread holds this text and says it was delivered; the SMS arrives a moment after the call.
async fn phone_page_with(server: &Server, text: &str) -> String {
    let client = server.process.client();
    let path = format!("/phone?from={}", FROM.replace('+', "%2B"));
    for _ in 0..1_000 {
        let page = client.get(&path).await.unwrap().text();
        if page.contains(text) && page.contains("delivered") {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the SMS did not arrive: {}", server.process.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_ready_and_the_start_page_answer() {
    let server = Server::demo().await;
    let client = server.process.client();
    for (path, status) in [
        ("/health", 200),
        ("/ready", 200),
        ("/phone", 200),
        ("/", 303),
        ("/nowhere", 404),
    ] {
        assert_eq!(client.get(path).await.unwrap().status, status, "{path}");
    }
    let page = client.get("/phone").await.unwrap();
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
}
