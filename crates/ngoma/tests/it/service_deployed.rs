//! `ngoma service deploy`, `versions`, `rollback`, `logs`, `steps`: a service as it runs.

use crate::program::{Server, one_error_line, path_text, run, stdout, ussd};
use serde_json::{Value, json};

const PERSON: &str = "+27831234567";

/// Code that answers with its own name and goes on.
fn code(name: &str) -> String {
    format!(
        r#"api.on_inbound_message = function (command) {{
            if (command.msg.content === "break") throw new Error("broken on purpose");
            api.request("outbound.reply_to", {{ in_reply_to: command.msg.message_id, content: "{name}" }}, function () {{ api.done(); }});
        }};"#
    )
}

struct Service<'a>(&'a Server);

impl Service<'_> {
    fn command(&self, args: &[&str]) -> std::process::Output {
        run(
            &[&["service"], args, &["--data", path_text(&self.0.data())]].concat(),
            "",
        )
    }

    fn says(&self, args: &[&str]) -> String {
        stdout(&self.command(args))
    }

    async fn turn(&self, session: &str, event: &str, content: Option<&str>) -> Value {
        let answer = self
            .0
            .post("/c/test/ussd", &ussd(session, PERSON, event, content))
            .await;
        answer.json()["content"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_gets_new_code_and_goes_back_to_the_old() {
    let server = Server::light().await;
    let service = Service(&server);
    assert_eq!(service.turn("old", "new", None).await, "Message 1");
    let two = server.write("two/main.js", &code("two"));
    let deployed = service.says(&["deploy", "test", "light", path_text(&two), "-m", "says two"]);
    assert_eq!(deployed, "test/light is at version 2\n");
    let again = service.says(&["deploy", "test", "light", path_text(&two)]);
    assert_eq!(again, "test/light is at version 2 already: it is the same code\n");
    assert_eq!(service.turn("fresh", "new", None).await, "two");
    assert_eq!(service.turn("old", "resume", Some("x")).await, "Message 2");
    let table = service.says(&["versions", "test", "light"]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!((rows[0][0], rows[0][1], rows[1][0]), ("*", "2", "1"), "{table}");
    assert!(
        rows[0].ends_with(&["1", "says", "two"]) && rows[1].ends_with(&["1"]),
        "{table}"
    );
    let back = service.says(&["rollback", "test", "light"]);
    assert_eq!(back, "test/light is at version 3, with the code of version 1\n");
    assert_eq!(service.turn("fresh", "resume", Some("x")).await, "two");
    assert_eq!(service.turn("third", "new", None).await, "Message 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_did_is_shown_with_file_and_line() {
    let server = Server::light().await;
    let service = Service(&server);
    assert_eq!(
        service.says(&["logs", "test", "light"]),
        "service test/light has logged nothing\n"
    );
    let broken = server.write("broken/main.js", &code("broken"));
    service.says(&["deploy", "test", "light", path_text(&broken)]);
    let answer = server
        .post("/c/test/ussd", &ussd("s", PERSON, "new", Some("break")))
        .await;
    let log = service.says(&["logs", "test", "light", "-n", "1"]);
    assert!(
        log.contains("error    Error: broken on purpose (main.js line 2)"),
        "{log}"
    );
    let message = answer.json()["message_id"].as_str().unwrap_or_default().to_owned();
    let step: Value = serde_json::from_str(&service.says(&["steps", "test", &message])).unwrap();
    assert_eq!((&step["service"], &step["version"]), (&json!("light"), &json!(2)));
    let step = &step["step"];
    assert_eq!(step["input"]["msg"]["content"], "break");
    assert_eq!(step["failure"], "Error: broken on purpose (main.js line 2)");
    let said: Value = serde_json::from_str(step["lines"][0]["said"].as_str().unwrap()).unwrap();
    assert_eq!((&said["cmd"], &said["line"]), (&json!("js.error"), &json!(2)));
    let nobody = service.says(&["hand-back", "test", "light", PERSON]);
    assert_eq!(nobody, format!("test/light was handed no messages of tel:{PERSON}\n"));
    assert!(
        log.contains(&format!(
            "message {}",
            step["input"]["msg"]["message_id"].as_str().unwrap()
        )),
        "{log}"
    );
    let none = one_error_line(&service.command(&["steps", "test", "018f0000-0000-7000-8000-000000000000"]));
    assert!(none.contains("no step about message"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_one_line_that_says_why() {
    let server = Server::light().await;
    let service = Service(&server);
    let bad = server.write("bad/main.js", "let a = 1;\nlet b = ;");
    let unknown = server.write("unknown/main.js", "api.on_inbound_message = () => reply();");
    let refused = service.command(&["deploy", "test", "light", path_text(&unknown)]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && told.contains("main.js:1:32"), "{told}");
    let anyway = service.says(&["deploy", "test", "light", path_text(&unknown), "--anyway"]);
    assert_eq!(anyway, "test/light is at version 2\n");
    service.says(&["rollback", "test", "light"]);
    for (args, expected) in [
        (
            vec!["deploy", "test", "light", path_text(&bad), "--anyway"],
            "(main.js line 2)",
        ),
        (vec!["deploy", "test", "light", "nowhere"], "nowhere: No such file"),
        (
            vec!["deploy", "test", "heavy", path_text(&bad), "--anyway"],
            "there is no service test/heavy",
        ),
        (vec!["rollback", "test", "light", "--to", "7"], "has no version 7"),
        (vec!["versions", "test", "heavy"], "there is no service test/heavy"),
        (
            vec!["hand-back", "test", "heavy", PERSON],
            "there is no service test/heavy",
        ),
        (vec!["hand-back", "test", "light", "nobody"], "is no person's address"),
        (vec!["logs", "nobody", "light"], "there is no account nobody"),
    ] {
        let error = one_error_line(&service.command(&args));
        assert!(error.contains(expected), "{expected} is not in: {error}");
    }
}
