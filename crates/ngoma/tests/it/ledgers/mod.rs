//! Real kills under a load of messages in and out, against the carrier's own ledger: nothing that was answered is lost,
//! and what may have been sent twice says so.

pub mod engine_process;
mod scene;

use crate::processes::{until, worker_of};
use ngoma_testkit::servers::{self, PostgresServer, RabbitNode};
use scene::{LEASE, Scene};
use std::time::Duration;

/// What a worker says that takes another's work over, and what that one says when it wakes up.
const TAKES_OVER: &str = "the work of processes that are gone is taken over";
const WAKES_UP: &str = "this process was silent for so long that others took its work over";

/// Every worker is killed.
async fn kill(scene: &mut Scene, _round: usize) {
    for worker in &mut scene.workers {
        worker.kill_and_start_again().await;
    }
}

/// One of two workers is stopped until the other has its work, and goes on then: each in its turn.
async fn pause_one(scene: &mut Scene, round: usize) {
    let [sleeper, other] = [round, round + 1].map(|turn| scene.workers[turn % 2].process());
    sleeper.pause_group().unwrap();
    other.wait_until_logged(TAKES_OVER).await.unwrap();
    sleeper.resume_group().unwrap();
    sleeper.wait_until_logged(WAKES_UP).await.unwrap();
}

/// The only worker is stopped for longer than a lease.
async fn pause_all(scene: &mut Scene, _round: usize) {
    let [worker] = scene.workers.as_slice() else {
        panic!("there is one worker");
    };
    let process = worker.process();
    process.pause_group().unwrap();
    let client = process.client();
    let answer = tokio::time::timeout(LEASE + Duration::from_secs(1), client.get("/health")).await;
    assert!(answer.is_err(), "a stopped process answered");
    process.resume_group().unwrap();
}

/// The program is told to begin anew, as after a deploy.
async fn deploy(scene: &mut Scene, _round: usize) {
    let process = scene.workers[0].process();
    let before = worker_of(process.id());
    process.signal(libc::SIGHUP).unwrap();
    let is_replaced = || worker_of(process.id()).is_some_and(|id| Some(id) != before);
    until("another worker", is_replaced).await;
}

fn database_setting() -> String {
    format!("store = \"{}\"", servers::postgres().database().url())
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_sqlite_loses_nothing() {
    Scene::of_programs(1, "").await.under_load(2, kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_sqlite_loses_nothing_behind_a_transport() {
    Scene::of_engines(1, None).await.under_load(2, kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_postgres_loses_nothing() {
    if servers::available() {
        Scene::of_programs(1, &database_setting())
            .await
            .under_load(2, kill)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_stopped_for_long_on_sqlite_loses_nothing() {
    Scene::of_programs(1, "").await.under_load(1, pause_all).await;
}

/// F33
#[tokio::test(flavor = "multi_thread")]
async fn deploys_on_sqlite_lose_nothing_and_double_nothing() {
    Scene::of_programs(1, "").await.under_load_unharmed(10, deploy).await;
}

/// F33
#[tokio::test(flavor = "multi_thread")]
async fn deploys_on_postgres_lose_nothing_and_double_nothing() {
    if servers::available() {
        let mut scene = Scene::of_programs(1, &database_setting()).await;
        scene.under_load_unharmed(10, deploy).await;
    }
}

/// F32: the other worker takes its work over, and it wakes up.
#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_stopped_in_turn_on_postgres_lose_nothing() {
    if servers::available() {
        Scene::of_programs(2, &database_setting())
            .await
            .under_load(2, pause_one)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_stopped_in_turn_lose_nothing_behind_a_transport() {
    if servers::available() {
        let url = servers::postgres().database().url();
        Scene::of_engines(2, Some(url)).await.under_load(2, pause_one).await;
    }
}

/// F21: the database goes away at once, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_loses_nothing() {
    if !servers::available() {
        return;
    }
    let postgres = PostgresServer::start();
    let setting = format!("store = \"{}\"", postgres.database().url());
    let mut scene = Scene::of_programs(1, &setting).await;
    let fault = async |_: &mut Scene, _| {
        postgres.kill_immediate();
        postgres.restart();
    };
    scene.under_load(2, fault).await;
}

/// F23 and F24: the broker is stopped, and then its disk is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_stopped_and_wiped_loses_nothing() {
    if !servers::available() {
        return;
    }
    let node = RabbitNode::start();
    let settings = format!("queue = \"{}\"\nqueue_partitions = 4", node.url());
    let mut scene = Scene::of_programs(1, &settings).await;
    let fault = async |_: &mut Scene, round| match round {
        0 => {
            node.stop();
            node.restart();
        }
        _ => node.wipe(),
    };
    scene.under_load(2, fault).await;
}
