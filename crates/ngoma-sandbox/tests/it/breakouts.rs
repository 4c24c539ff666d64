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
        "native_fork_bomb",
        "native_dup_all",
        "native_ptrace",
    ] {
        check(
            native,
            "the service was stopped by the sandbox: it tried what no service may do",
        )
        .await;
    }
}

/// How many descriptors a process holds, as far as an ordinary user may know, and how many processes it started.
fn held(process: u32) -> (usize, usize) {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
    (descriptors, children(process).len())
}

#[tokio::test]
async fn steps_leave_neither_descriptors_nor_processes_behind() {
    let source = format!(
        "{REPLY} api.on_inbound_message = (c) => {{ if (c.msg.content === 'hi') native_crash(); else reply('fine'); }};"
    );
    let loaded = script(&source).load().await;
    let worker = loaded.worker_pid().await;
    let before = held(worker);
    // More than the worker may have descriptors.
    for _ in 0..40 {
        let (a, b) = tokio::join!(loaded.message(), loaded.message());
        assert!(a.error.is_some() && b.error.is_some());
    }
    let settled = async {
        while held(worker) != before {
            tokio::task::yield_now().await;
        }
    };
    let settled = tokio::time::timeout(std::time::Duration::from_secs(30), settled).await;
    assert!(settled.is_ok(), "{before:?} became {:?}", held(worker));
}

#[tokio::test]
async fn a_service_that_eats_its_whole_budget_holds_nobody_else_up() {
    let greedy = script("api.on_inbound_message = () => { for (;;) {} };").load().await;
    let modest = script(&format!("{REPLY} api.on_inbound_message = () => reply('fine');"))
        .load()
        .await;
    let eating = async { greedy.message().await.error };
    let answering = async {
        let mut answers = 0;
        for _ in 0..20 {
            assert_eq!(modest.answer().await, "fine");
            answers += 1;
        }
        answers
    };
    // Both in one: whoever is held up is held up here.
    let (error, answers) = tokio::join!(eating, answering);
    assert_eq!(answers, 20);
    assert_eq!(
        error.map(|error| error.message).as_deref(),
        Some("the service used more than 1 s of processor time")
    );
}

#[tokio::test]
async fn a_step_that_takes_long_gives_way_to_others() {
    let loaded = script("api.on_inbound_message = () => { for (;;) {} };").load().await;
    let worker = loaded.worker_pid().await;
    let nice = async {
        loop {
            let steps = children(worker);
            if let Some(step) = steps.first()
                && policy(step) == Some(libc::SCHED_IDLE)
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let (outcome, ()) = tokio::join!(loaded.message(), nice);
    assert!(outcome.error.is_some());
}

fn children(process: u32) -> Vec<String> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    children.split_whitespace().map(str::to_owned).collect()
}

/// How a process is scheduled: the 41st field of proc(5)'s stat, counted from the process's number.
fn policy(process: &str) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(38)?.parse().ok()
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
