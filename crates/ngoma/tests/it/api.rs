//! The API an account's own programs send with.

use crate::program::{Server, one_error_line, path_text, run};
use http::Method;
use ngoma_testkit::{FakeProvider, JsonClient, Scripted};
use serde_json::{Value, json};

const PERSON: &str = "+27831234567";

/// A server whose account `test` sends by `sms` to this provider, and a client with a token of it.
async fn server(provider: &FakeProvider) -> (Server, JsonClient) {
    let url = provider.url("/send");
    let toml = format!(
        r#"
        [account.test.channel.sms]
        type = "http_json"
        address = "8864"
        country = "ZA"
        config = {{ send_url = "{url}", allow_private = true }}
        [account.test.channel.ussd]
        type = "ussd_http"
        address = "*120#"
        [account.other.channel.sms]
        type = "http_json"
        "#
    );
    let server = Server::declared(&toml, &[]).await;
    let client = server.client_of("test");
    (server, client)
}

fn message(to: &str, content: &str) -> Value {
    json!({ "channel": "sms", "to": to, "content": content })
}

async fn status_of(client: &JsonClient, id: &str) -> Value {
    let answer = client.get(&format!("/api/v1/messages/{id}")).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn reaches(client: &JsonClient, id: &str, status: &str) -> Value {
    let reached = async {
        loop {
            let message = status_of(client, id).await;
            if message["status"] == status {
                return message;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), reached)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_accepted_sent_and_shown_with_what_became_of_it() {
    let provider = FakeProvider::start().await.unwrap();
    provider.then(Scripted::Answer(200, r#"{"provider_id":"p-1"}"#.into()));
    let (server, client) = server(&provider).await;
    let answer = client
        .post("/api/v1/messages", &message("0831234567", "Come on Tuesday."))
        .await
        .unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let sent = reaches(&client, &id, "sent").await;
    assert_eq!(
        (&sent["to"], &sent["content"]),
        (&json!(PERSON), &json!("Come on Tuesday."))
    );
    assert_eq!(
        (&sent["events"][0]["kind"], &sent["events"][0]["detail"]),
        (&json!("ack"), &json!("p-1"))
    );
    let receipt = json!({ "provider_id": "p-1", "status": "delivered" });
    assert_eq!(
        server.post("/c/test/sms/receipt", &receipt).await.json()["result"],
        "recorded"
    );
    let delivered = reaches(&client, &id, "delivered").await;
    assert_eq!(delivered["events"][1]["kind"], "delivered");
    assert_eq!(delivered["possible_duplicate"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_taken_whole_and_in_order_or_not_at_all() {
    let provider = FakeProvider::start().await.unwrap();
    let (_server, client) = server(&provider).await;
    let list: Vec<Value> = (0..1000)
        .map(|number| message(PERSON, &format!("text {number}")))
        .collect();
    let answer = client.post("/api/v1/messages", &json!(list)).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let ids = answer.json()["ids"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 1000);
    for number in [0, 500, 999] {
        let shown = status_of(&client, ids[number].as_str().unwrap()).await;
        assert_eq!(shown["content"], format!("text {number}"));
    }
    let mut broken = list[..3].to_vec();
    broken[2]["to"] = json!("");
    let before = provider.requests().len();
    let refused = client.post("/api/v1/messages", &json!(broken)).await.unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(
        (&refused.json()["index"], &refused.json()["field"]),
        (&json!(2), &json!("to"))
    );
    assert!(provider.requests().len() >= before);
    let too_many: Vec<Value> = (0..1001).map(|_| message(PERSON, "x")).collect();
    assert_eq!(
        client.post("/api/v1/messages", &json!(too_many)).await.unwrap().status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_the_field_at_fault() {
    let provider = FakeProvider::start().await.unwrap();
    let (server, client) = server(&provider).await;
    let cases = [
        (
            json!({ "channel": "none", "to": PERSON, "content": "x" }),
            400,
            "there is no channel none",
        ),
        (
            json!({ "channel": "ussd", "to": PERSON, "content": "x" }),
            400,
            "only answers",
        ),
        (
            json!({ "channel": "sms", "to": "nobody", "content": "x" }),
            400,
            "not a phone number",
        ),
        (
            json!({ "channel": "sms", "to": PERSON, "content": "" }),
            400,
            "content: must not be empty",
        ),
        (
            json!({ "channel": "sms", "to": PERSON }),
            400,
            "missing field `content`",
        ),
        (
            json!({ "channel": "sms", "to": PERSON, "content": "x", "color": 1 }),
            400,
            "unknown field `color`",
        ),
        (
            json!({ "channel": "sms", "to": PERSON, "content": "x", "priority": "now" }),
            400,
            "priority",
        ),
        (
            json!({ "channel": "sms", "to": PERSON, "content": "x", "valid_for": 0 }),
            400,
            "valid_for",
        ),
        (json!([]), 400, "the list is empty"),
        (json!("x"), 400, "not as expected"),
    ];
    for (body, status, expected) in cases {
        let answer = client.post("/api/v1/messages", &body).await.unwrap();
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{body}: {error}");
    }
    let large = "x".repeat(5 << 20);
    let answer = client
        .send(Method::POST, "/api/v1/messages", large.into())
        .await
        .unwrap();
    assert_eq!(answer.status, 413);
    assert_eq!(client.get("/api/v1/messages").await.unwrap().status, 405);
    assert!(provider.requests().is_empty());
    let output = run(&["token", "create", "nobody", "--data", path_text(&server.data())], "");
    assert!(one_error_line(&output).contains("there is no account nobody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lets_in_and_to_its_own_account_only() {
    let provider = FakeProvider::start().await.unwrap();
    let (server, test) = server(&provider).await;
    let other = server.client_of("other");
    let body = message(PERSON, "x");
    for header in [None, Some("Bearer"), Some("Bearer ngoma_00"), Some("Basic abc")] {
        let stranger = server.process.client();
        let stranger = match header {
            Some(value) => stranger.with_header("Authorization", value),
            None => stranger,
        };
        let answer = stranger.post("/api/v1/messages", &body).await.unwrap();
        assert_eq!(answer.status, 401, "{header:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let id = test.post("/api/v1/messages", &body).await.unwrap().json()["id"].clone();
    let path = format!("/api/v1/messages/{}", id.as_str().unwrap());
    assert_eq!(test.get(&path).await.unwrap().status, 200);
    assert_eq!(other.get(&path).await.unwrap().status, 404);
    assert_eq!(test.get("/api/v1/messages/no-id").await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_does_the_same_request_once() {
    let provider = FakeProvider::start().await.unwrap();
    let (_server, client) = server(&provider).await;
    let keyed = client.clone().with_header("Idempotency-Key", "visit-81");
    let first = keyed.post("/api/v1/messages", &message(PERSON, "once")).await.unwrap();
    assert_eq!(first.status, 202);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let again = keyed.post("/api/v1/messages", &message(PERSON, "once")).await.unwrap();
    assert_eq!((again.status, again.json()), (202, first.json()));
    let other = keyed.post("/api/v1/messages", &message(PERSON, "twice")).await.unwrap();
    assert_eq!(other.status, 409);
    reaches(&client, &id, "sent").await;
    assert_eq!(provider.requests().len(), 1);
    let long = client.with_header("Idempotency-Key", &"k".repeat(256));
    assert_eq!(
        long.post("/api/v1/messages", &message(PERSON, "x"))
            .await
            .unwrap()
            .status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_too_much_waiting_is_told_when_to_come_again() {
    let toml = r#"
        [account.test.policy]
        max_queued = 2
        pace = { per_second = 100 }
        [account.test.channel.sms]
        type = "http_json"
        policy = { pace = { per_second = 0.01 } }
        "#;
    let server = Server::declared(toml, &[]).await;
    let client = server.client_of("test");
    let list = json!([message(PERSON, "1"), message(PERSON, "2"), message(PERSON, "3")]);
    let answer = client.post("/api/v1/messages", &list).await.unwrap();
    assert_eq!((answer.status, &answer.json()["time_to_drain"]), (202, &json!(0)));
    let refused = client.post("/api/v1/messages", &message(PERSON, "4")).await.unwrap();
    assert_eq!(
        (refused.status, &refused.headers["retry-after"]),
        (429, &"60".parse().unwrap())
    );
    let error = refused.json();
    assert!(error["error"].as_str().unwrap().ends_with("of 2 that may"), "{error}");
    assert!(
        (200..=300).contains(&error["time_to_drain"].as_u64().unwrap()),
        "{error}"
    );
}
