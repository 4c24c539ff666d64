//! Loading, replacing and losing services.

use crate::harness::{REPLY, handler, key, sandbox, script, shown};
use ngoma_engine::service::{Bundle, ServiceRunner};
use ngoma_sandbox::bundle;
use std::collections::BTreeMap;
use std::sync::Arc;

async fn load_error(source: &str) -> String {
    let error = script(source).try_load().await.err().expect("the load fails");
    shown(&error)
}

fn saying(text: &str) -> Arc<Bundle> {
    let source = format!("{REPLY} api.on_inbound_message = () => reply('{text}');");
    Arc::new(bundle::bundle(
        "main.js".into(),
        BTreeMap::from([("main.js".into(), source.into_bytes())]),
    ))
}

#[tokio::test]
async fn top_level_code_has_limits_too() {
    let found = load_error("\nfor (;;) {}").await;
    assert!(
        found.starts_with("the service used more than 1 s of processor time"),
        "{found}"
    );
    let found = load_error("const a = []; for (;;) a.push(new Array(1000).fill(0));").await;
    assert!(found.starts_with("out of memory"), "{found}");
    let found = load_error("(function f() { f(); })();").await;
    assert!(found.contains("Maximum call stack size exceeded"), "{found}");
}

#[tokio::test]
async fn a_load_may_fail_with_a_long_message() {
    let found = load_error("\nthrow new Error('x'.repeat(1e6))").await;
    assert!(
        found.starts_with("Error: xxx") && found.ends_with("xxx… @main.js:2:21"),
        "{found}"
    );
}

#[tokio::test]
async fn source_nested_without_end_is_an_error() {
    let found = load_error(&"(".repeat(1_000_000)).await;
    assert!(!found.is_empty(), "{found}");
    let nested = format!("import 'x'; {}", "[".repeat(1_000_000));
    let found = load_error(&nested).await;
    assert!(!found.is_empty(), "{found}");
}

#[tokio::test]
async fn new_code_replaces_old_and_broken_code_does_not() {
    let sandbox = sandbox();
    sandbox.load(&key(), saying("one")).await.unwrap();
    sandbox.load(&key(), saying("one")).await.unwrap();
    sandbox.load(&key(), saying("two")).await.unwrap();
    let broken = bundle::bundle(
        "main.js".into(),
        BTreeMap::from([("main.js".into(), b"throw new Error('no')".to_vec())]),
    );
    let error = sandbox.load(&key(), Arc::new(broken)).await.unwrap_err();
    assert_eq!(shown(&error), "Error: no @main.js:1:11");
}

#[tokio::test]
async fn a_service_that_is_not_loaded_says_so() {
    let loaded = handler("reply('x')").load().await;
    assert_eq!(loaded.answer().await, "x");
    loaded.unload().await;
    assert_eq!(
        loaded.message().await.error.unwrap().message,
        "the service is not loaded"
    );
}

#[tokio::test]
async fn a_worker_that_dies_is_started_again() {
    let loaded = handler("reply('x')").load().await;
    assert_eq!(loaded.answer().await, "x");
    loaded.kill_worker().await;
    loaded.until_it_answers().await;
}

#[tokio::test]
async fn a_worker_that_dies_takes_its_steps_with_it_at_once() {
    let loaded = handler("api.request('http.get', {url: 'http://hang.org/'}, () => {});")
        .load()
        .await;
    let step = async {
        let error = loaded.message().await.error.unwrap();
        assert_eq!(error.message, "the service's process ended early");
    };
    let kill = async {
        tokio::task::yield_now().await;
        loaded.kill_worker().await;
    };
    tokio::join!(step, kill);
}
