//! What goes wrong is answered in one clear line, and nothing is lost.

use crate::program::{Server, binary, one_error_line, path_text, run, ussd};
use http::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_cannot_be_taken_say_why() {
    let server = Server::light().await;
    let client = server.process.client();
    let cases: [(&str, &[u8], u16, &str); 7] = [
        ("/c/test/nowhere", b"{}", 404, "error"),
        ("/c/nobody/ussd", b"{}", 404, "error"),
        ("/c/test/ussd", b"{", 400, "error"),
        (
            "/c/test/ussd",
            br#"{"session_id":"1","from":5,"session_event":"new"}"#,
            400,
            "from",
        ),
        (
            "/c/test/ussd",
            br#"{"session_id":"1","from":"+27831234567","session_event":"begin"}"#,
            400,
            "session_event",
        ),
        (
            "/c/test/sms",
            br#"{"message_id":"1","from":"+27831234567","to":"8864"}"#,
            400,
            "content",
        ),
        (
            "/c/test/sms/receipt",
            br#"{"message_id":"nothing","status":"delivered"}"#,
            404,
            "error",
        ),
    ];
    for (path, body, status, named) in cases {
        let answer = client.send(Method::POST, path, body.to_vec().into()).await.unwrap();
        let text = answer.text();
        assert_eq!(answer.status, status, "{path}: {text}");
        assert!(
            text.contains(named) && answer.json()["error"].is_string(),
            "{path}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_body_is_refused_and_the_next_turn_answered() {
    let server = Server::light().await;
    let client = server.process.client();
    let huge = vec![b' '; 10 * 1024 * 1024];
    let answer = client.send(Method::POST, "/c/test/ussd", huge.into()).await.unwrap();
    assert_eq!(answer.status, 413, "{}", answer.text());
    let answer = server
        .post("/c/test/ussd", &ussd("s1", "+27831234567", "new", None))
        .await;
    assert_eq!(answer.json()["content"], "Message 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_one_line() {
    let server = Server::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("127.0.0.1:{}", server.process.port());
    let output = run(&["serve", "--listen", &listen, "--data", path_text(folder.path())], "");
    let error = one_error_line(&output);
    assert!(error.contains(&listen) && error.contains("in use"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_in_use_is_one_line() {
    let server = Server::empty().await;
    let data = server.data();
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", path_text(&data)], "");
    let error = one_error_line(&output);
    assert!(error.contains("uses this data folder"), "{error}");
}

#[test]
fn an_unreadable_service_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.js");
    let error = one_error_line(&run(&["simulate", path_text(&missing)], ""));
    assert!(error.contains("missing.js"), "{error}");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = run(
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            path_text(&file.join("data")),
        ],
        "",
    );
    let error = one_error_line(&output);
    assert!(error.contains("data folder"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_a_newer_version_is_one_line() {
    let mut server = Server::empty().await;
    server.process.stop().unwrap();
    let data = server.data();
    make_newer(&data.join("ngoma.db"));
    let error = one_error_line(&run(
        &["serve", "--listen", "127.0.0.1:0", "--data", path_text(&data)],
        "",
    ));
    assert!(error.contains("newer"), "{error}");
}

/// Raises `user_version`, the four big-endian bytes at offset 60 of the file's header (SQLite file format §1.3).
fn make_newer(database: &Path) {
    let mut bytes = std::fs::read(database).unwrap();
    bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    std::fs::write(database, bytes).unwrap();
}

/// A data folder on a file system of 72 MiB, a little more than a server must have free to be ready, mounted in a namespace of the program's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    if !can_mount(&data) {
        panic!("this test mounts a small file system in a namespace of its own: allow user namespaces, or run as root");
    }
    let light = crate::program::light_toml(&crate::program::repository("examples/light"));
    let toml = folder.path().join("light.toml");
    std::fs::write(&toml, light).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=72m tmpfs {data} && {bin} apply {toml} --data {data} && exec {bin} serve --data {data} \"$@\"",
        data = path_text(&data),
        bin = path_text(&binary()),
        toml = path_text(&toml),
    );
    let args = ["-rm", "/bin/sh", "-c", &script, "sh"];
    let process = ngoma_testkit::NgomaProcess::start(Path::new("/usr/bin/unshare"), &args, folder.path())
        .await
        .unwrap();
    let client = process.client();
    let sms = |n: usize| json!({ "message_id": format!("m{n}"), "from": "+27831234567", "to": "8864", "content": "x".repeat(15_000) });

    let mut answered = Vec::new();
    let refused = loop {
        let n = answered.len();
        assert!(n < 20_000, "the disk never filled");
        let answer = client.post("/c/test/sms", &sms(n)).await.unwrap();
        match answer.status {
            200 => answered.push(answer.json()["message_id"].clone()),
            status => break (status, answer.json()),
        }
    };
    assert_eq!(refused.0, 503, "{refused:?}");
    assert!(refused.1["error"].is_string());
    // What was answered before is known still: each comes back under the id it had.
    for (n, id) in answered.iter().enumerate().step_by(50) {
        let again = client.post("/c/test/sms", &sms(n)).await.unwrap();
        let is_known = again.status == 200 && again.json()["message_id"] == *id;
        let is_refused = again.status == 503 && again.json()["message_id"] == Value::Null;
        assert!(is_known || is_refused, "{n}: {} {}", again.status, again.text());
    }
}

fn can_mount(folder: &Path) -> bool {
    let mount = format!("mount -t tmpfs -o size=1m tmpfs {}", path_text(folder));
    Command::new("unshare")
        .args(["-rm", "/bin/sh", "-c", &mount])
        .status()
        .is_ok_and(|status| status.success())
}
