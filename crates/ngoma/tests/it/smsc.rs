//! `ngoma smsc` as a developer uses it: driven by its API, with a channel of `ngoma serve` bound to it.

use crate::program::{Server, binary, one_error_line, path_text, repository, run};
use ngoma_testkit::{JsonClient, NgomaProcess};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A carrier in a process of its own.
struct Carrier {
    process: NgomaProcess,
    folder: TempDir,
    port: u16,
}

impl Carrier {
    async fn start(flags: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let [port, page] = free_ports();
        let mut command = Command::new(binary());
        command
            .args(["smsc", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--page", &format!("127.0.0.1:{page}")])
            .args(flags);
        let process = NgomaProcess::start_command(page, command, folder.path()).await.unwrap();
        Self { process, folder, port }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.process.client().post(path, &body).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    async fn change(&self, patch: Value) {
        let (client, patch) = (self.process.client(), patch.to_string());
        let answer = client
            .send(http::Method::PATCH, "/api/behaviour", patch.into())
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    async fn get(&self, path: &str) -> Value {
        self.process.client().get(path).await.unwrap().json()
    }

    /// The next message after this one, as soon as it comes.
    async fn message_after(&self, number: u64) -> Value {
        soon(async {
            loop {
                let found = self.get(&format!("/api/messages?after={number}&wait=20&limit=1")).await;
                if let Some(message) = found["messages"].get(0) {
                    return message.clone();
                }
            }
        })
        .await
    }

    fn ledger(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("smsc-ledger.jsonl")).unwrap()
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what)
        .await
        .expect("it comes soon")
}

/// `ngoma serve` with a channel bound to this carrier, and a client of its account.
async fn bound_to(carrier: &Carrier) -> (Server, JsonClient) {
    let toml = format!(
        r#"
        [account.test.channel.sms]
        type = "smpp"
        address = "8864"
        country = "ZA"
        config = {{ hosts = ["127.0.0.1:{}"], allow_private = true, system_id = "clinic", password = "drumbeat", receipts = "all", reconnect_after = "100ms" }}
        [account.test.service.light]
        kind = "script"
        source = "{}"
        [[account.test.route]]
        channel = "sms"
        service = "light"
        "#,
        carrier.port,
        repository("examples/light").display()
    );
    let server = Server::declared(&toml, &[]).await;
    let client = server.client_of("test");
    (server, client)
}

async fn accept(client: &JsonClient, content: &str) -> String {
    let message = json!({ "channel": "sms", "to": "0831234567", "content": content });
    let answer = client.post("/api/v1/messages", &message).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn reaches(client: &JsonClient, id: &str, status: &str) -> Value {
    soon(async {
        loop {
            let message = client.get(&format!("/api/v1/messages/{id}")).await.unwrap().json();
            if message["status"] == status {
                return message;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_sends_gets_its_receipt_fails_and_is_answered_through_it() {
    let carrier = Carrier::start(&["--system-id", "clinic", "--password", "drumbeat"]).await;
    let (_server, client) = bound_to(&carrier).await;
    let id = accept(&client, "Come on Tuesday.").await;
    let came = carrier.message_after(0).await;
    assert_eq!(
        (&came["text"], &came["to"], &came["from"]),
        (&json!("Come on Tuesday."), &json!("+27831234567"), &json!("8864"))
    );
    reaches(&client, &id, "delivered").await;

    let failing = json!({"receipts": {"failing": {"every": 1, "state": "UNDELIV", "err": "027"}}});
    carrier.change(failing).await;
    let id = accept(&client, "and again").await;
    let failed = reaches(&client, &id, "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("UNDELIV"), "{failed}");

    let last = carrier.get("/api/state").await["last_message"].as_u64().unwrap();
    let person = json!({"from": "+27831234567", "to": "8864", "text": "hello"});
    let told = carrier.post("/api/deliver", person).await;
    assert_eq!(told["parts"][0]["answer"], json!("ESME_ROK"));
    assert_eq!(carrier.message_after(last).await["text"], json!("Message 1"));

    let ledger = carrier.ledger();
    assert!(ledger.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let hex = |text: &str| text.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
    assert!(ledger.contains(&hex("Come on Tuesday.")) && !ledger.contains(&hex("drumbeat")));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_where_it_is_and_ends_in_order() {
    let mut carrier = Carrier::start(&["--no-ledger"]).await;
    let log = carrier.process.log();
    let page = carrier.process.port();
    for line in [
        format!("SMPP    127.0.0.1:{}", carrier.port),
        format!("page    http://127.0.0.1:{page}/"),
        "ledger  none".into(),
    ] {
        assert!(log.contains(&line), "{line} is not in {log}");
    }
    assert!(carrier.process.stop().unwrap().success());
}

#[test]
fn what_cannot_be_is_one_line_on_standard_error() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("thesis.txt");
    std::fs::write(&text, "Chapter 1").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (flags, words) in [
        (
            ["--listen", "127.0.0.1:0", "--ledger", path_text(&text)].as_slice(),
            "is no ledger; choose another file",
        ),
        (&["--listen", &taken, "--no-ledger"], "cannot listen on"),
        (
            &[
                "--listen",
                "127.0.0.1:0",
                "--no-ledger",
                "--system-id",
                "longer than a system id",
            ],
            "bind.system_id: say at most 15",
        ),
    ] {
        let args = [&["smsc", "--page", "127.0.0.1:0"], flags].concat();
        let error = one_error_line(&run(&args, ""));
        assert!(error.contains(words), "{error}");
    }
}
