//! F28: the disk does not confirm a write. Nobody may ask it a second time: it could say that all is well and have lost
//! the pages. `fiu-run` lets `fsync` of a running engine fail, as a disk that fails does.

use crate::ledgers::engine_process::EngineProcess;
use crate::program::path_text;
use ngoma_testkit::JsonClient;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// No carrier is needed.
const NOWHERE: &str = "127.0.0.1:1";

/// From now on every `fsync` of that process fails with `EIO`.
fn break_disk(control: &Path, process: u32) {
    let failure = format!("enable name=posix/io/sync/fsync,failinfo={}", libc::EIO);
    let mut command = Command::new("fiu-ctrl");
    command.args(["-f", path_text(control), "-c", &failure]);
    let output = command.arg(process.to_string()).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
}

/// One message; its id when it was accepted.
async fn send(client: &JsonClient) -> Option<String> {
    let message = json!({ "channel": "sms", "to": "+27831234567", "content": "hello" });
    let answer = client.post("/api/v1/messages", &message).await.ok()?;
    let id = answer.json()["id"].as_str().map(str::to_owned);
    id.filter(|_| answer.status == 202)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_confirm_a_write_is_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let control = folder.path().join("fiu");
    let runner = ["fiu-run", "-x", "-f", path_text(&control)];
    let mut engine = EngineProcess::start_by(&runner, NOWHERE, None, Duration::from_secs(60)).await;
    let client = engine
        .process
        .client()
        .with_header("Authorization", &format!("Bearer {}", engine.token()));
    let mut accepted = Vec::new();
    for _ in 0..20 {
        accepted.push(send(&client).await.expect("the disk is well"));
    }
    break_disk(&control, engine.process.id());
    assert_eq!(send(&client).await, None, "it was not on the disk");
    let ended = engine.process.wait().unwrap();
    assert_eq!(ended.signal(), Some(libc::SIGABRT), "{ended}");
    let log = engine.process.log();
    assert_eq!(log.matches("the disk did not confirm a write").count(), 1, "{log}");

    // The next process reads what the disk really has.
    engine.start_again().await;
    accepted.push(send(&client).await.expect("the disk is well again"));
    for id in &accepted {
        let answer = client.get(&format!("/api/v1/messages/{id}")).await.unwrap();
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
    }
}
