//! A script that broke the JavaScript engine and calls the system: the kernel ends it, and only it.

use crate::harness::{REPLY, script};

async fn check(native: &str, expected: &str) {
    let source = format!(
        "{REPLY} api.on_inbound_message = (c) => {{ if (c.msg.content === 'hi') {{ {native}(); reply('survived'); }} else reply('fine'); }};"
    );
    let loaded = script(&source).load().await;
    let outcome = loaded.message().await;
    assert_eq!(
        outcome.error.map(|error| error.message).as_deref(),
        Some(expected),
        "{native}"
    );
    assert!(outcome.replies.is_empty());
    let after = serde_json::json!({"message_id": "m1", "content": "again"});
    let outcome = loaded.step(ngoma_engine::service::StepInput::Message(after)).await;
    assert_eq!(outcome.replies[0].content.as_deref(), Some("fine"), "after {native}");
}

#[tokio::test]
async fn system_calls_that_no_service_needs_end_the_step() {
    for native in [
        "native_open",
        "native_socket",
        "native_fork",
        "native_kill",
        "native_exec",
    ] {
        check(
            native,
            "the service was stopped by the sandbox: it tried what no service may do",
        )
        .await;
    }
}

#[tokio::test]
async fn a_crash_ends_the_step() {
    check("native_crash", "the service's process crashed (signal 11)").await;
}

#[tokio::test]
async fn the_worker_itself_is_confined_while_it_loads() {
    for native in ["native_open", "native_socket", "native_kill", "native_exec"] {
        let error = script(&format!("{native}();")).try_load().await.err().unwrap();
        let expected = "loading the service was stopped by the sandbox: it tried what no service may do";
        assert_eq!(error.message, expected, "{native}");
    }
}
