//! `ngoma apply`, on a folder and on a running server.

use crate::program::{Server, light_toml, one_error_line, path_text, repository, run, stdout, ussd};

fn changes(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_has_what_was_applied_when_the_command_ends() {
    let server = Server::empty().await;
    let turn = ussd("s1", "+27831234567", "new", None);
    assert_eq!(server.post("/c/test/ussd", &turn).await.status, 404);

    let file = server.write("light.toml", &light_toml(&repository("examples/light")));
    let first = stdout(&server.apply(&file));
    assert!(changes(&first).iter().all(|change| *change == "created"), "{first}");
    let answer = server.post("/c/test/ussd", &turn).await;
    assert_eq!(
        (answer.status, answer.json()["content"].as_str()),
        (200, Some("Message 1"))
    );

    let second = stdout(&server.apply(&file));
    assert!(changes(&second).iter().all(|change| *change == "left"), "{second}");
    assert_eq!(first.lines().count(), second.lines().count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_service_answers_with_its_new_code() {
    let server = Server::light().await;
    server.write("light/package.json", r#"{"main":"main.js"}"#);
    let code = r#"api.on_inbound_message = function (command) {
        api.request("outbound.reply_to", { in_reply_to: command.msg.message_id, content: "new code" }, function () { api.done(); });
    };"#;
    let source = server.write("light/main.js", code);
    let file = server.write("light.toml", &light_toml(source.parent().unwrap()));
    let report = stdout(&server.apply(&file));
    assert!(
        report.lines().any(|line| line == "changed  service test/light"),
        "{report}"
    );
    let answer = server
        .post("/c/test/ussd", &ussd("s1", "+27831234567", "new", None))
        .await;
    assert_eq!(answer.json()["content"], "new code");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_one_line_and_changes_nothing() {
    let server = Server::light().await;
    let good = light_toml(&repository("examples/light"));
    server.write("broken/package.json", r#"{"main":"main.js"}"#);
    let code = server.write("broken/main.js", "let a = 1;\nlet b = ;");
    let light = path_text(&repository("examples/light")).to_owned();
    let broken = path_text(code.parent().unwrap()).to_owned();
    let cases = [
        (good.replace("ussd_http", "ussd_carrier_pigeon"), "ussd_carrier_pigeon"),
        (good.replace("service = \"light\"", "service = \"heavy\""), "heavy"),
        (good.replace("address =", "addres ="), "addres"),
        (good.replace("examples/light", "examples/nowhere"), "examples/nowhere"),
        (good.replace("country = \"ZA\"", "country = \"Atlantis\""), "Atlantis"),
        (good.replace(&light, &broken), "(main.js line 2)"),
        (
            good.clone() + "[account.test.channel.ussd.policy]\nid_base = \"octal\"\n",
            "policy.id_base: \"octal\"",
        ),
        (
            good.clone() + "[account.test.channel.ussd.policy]\nspeed = 1\n",
            "unknown field `speed`",
        ),
        ("[account.test\n".to_owned(), "bad.toml:1"),
    ];
    for (text, expected) in cases {
        let file = server.write("bad.toml", &text);
        let error = one_error_line(&server.apply(&file));
        assert!(error.contains(expected), "{expected} is not in: {error}");
    }
    let answer = server
        .post("/c/test/ussd", &ussd("s1", "+27831234567", "new", None))
        .await;
    assert_eq!(answer.json()["content"], "Message 1");
}

#[test]
fn a_missing_file_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let error = one_error_line(&run(
        &["apply", "none.toml", "--data", folder.path().to_str().unwrap()],
        "",
    ));
    assert!(error.contains("none.toml"), "{error}");
}
