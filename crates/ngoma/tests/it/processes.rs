//! The master and its worker: they start, drain, reload and die together.

use crate::program::{Server, ussd};
use std::time::{Duration, Instant};

/// The process that is the child of `parent` and runs `ngoma worker`.
pub fn worker_of(parent: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().find_map(|id| id.parse().ok())
}

fn is_alive(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z" && state != "X")
}

pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < limit, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn kill(id: u32, signal: i32) {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    assert_eq!(unsafe { libc::kill(id as i32, signal) }, 0);
}

async fn count(server: &Server, session: &str) -> String {
    let answer = server
        .post("/c/test/ussd", &ussd(session, "+27831234567", "new", None))
        .await;
    answer.json()["content"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_with_success_and_leaves_no_process() {
    let mut server = Server::light().await;
    let worker = worker_of(server.process.id()).unwrap();
    assert!(server.process.stop().unwrap().success());
    until("the worker is gone", || !is_alive(worker)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_is_replaced_and_remembers() {
    let server = Server::light().await;
    assert_eq!(count(&server, "s1").await, "Message 1");
    let worker = worker_of(server.process.id()).unwrap();
    kill(worker, libc::SIGKILL);
    until("another worker runs", || {
        worker_of(server.process.id()).is_some_and(|id| id != worker)
    })
    .await;
    // The socket is the master's: this connection waits until the new worker takes it.
    assert_eq!(count(&server, "s2").await, "Message 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_dies_with_a_killed_master() {
    let server = Server::light().await;
    let worker = worker_of(server.process.id()).unwrap();
    let sandbox = worker_of(worker);
    kill(server.process.id(), libc::SIGKILL);
    until("the worker is gone", || !is_alive(worker)).await;
    until("the sandbox worker is gone", || !sandbox.is_some_and(is_alive)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_fails_no_request() {
    let server = Server::light().await;
    let client = server.process.client();
    let first = worker_of(server.process.id()).unwrap();
    let is_replaced = || worker_of(server.process.id()).is_some_and(|id| id != first);
    let mut turns = 0;
    server.process.signal(libc::SIGHUP).unwrap();
    while turns < 20 || !is_replaced() {
        turns += 1;
        let answer = client
            .post("/c/test/ussd", &ussd("s1", "+27831234567", "resume", Some("1")))
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.text().contains(&format!("Message {turns}\""))),
            (200, true),
            "{}",
            answer.text()
        );
    }
}
