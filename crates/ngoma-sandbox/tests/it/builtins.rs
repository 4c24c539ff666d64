//! The built-in modules do what those of Node 20 do: each table is expressions, and below each what Node makes of it.

use crate::harness::{REPLY, answer_of, handler, script};
use serde_json::json;

/// Shows what an expression gives, as the tables do: texts as they are, errors by their name and code.
const SHOW: &str = "const { inspect } = require('util');
const show = (source) => {
  try {
    const value = new Function('require', 'return (' + source + ')')(require);
    return typeof value === 'string' ? value : inspect(value, { depth: 9 });
  } catch (error) {
    return `thrown: ${error.name} ${error.code || '-'} ${error.message}`;
  }
};";

async fn check(table: &str) {
    let lines: Vec<&str> = table.lines().collect();
    let cases: Vec<(&str, String)> = lines
        .chunks_exact(2)
        .map(|case| {
            let expected = case[1].strip_prefix("= ").expect("a result below its expression");
            (case[0], serde_json::from_str(expected).unwrap())
        })
        .collect();
    let expressions: Vec<&str> = cases.iter().map(|(expression, _)| *expression).collect();
    let source = format!(
        "{REPLY}\n{SHOW}\napi.on_inbound_message = () => reply({}.map(show));",
        json!(expressions)
    );
    let answer = answer_of(script(&source)).await;
    let found: Vec<String> = serde_json::from_str(&answer).unwrap();
    let mut differing = String::new();
    for ((expression, expected), found) in cases.iter().zip(&found) {
        if expected != found {
            differing += &format!("{expression}\n  node: {expected}\n  ours: {found}\n");
        }
    }
    assert!(differing.is_empty(), "{differing}");
    assert_eq!(found.len(), cases.len());
}

#[tokio::test]
async fn assert_does_what_nodes_does() {
    check(include_str!("builtins/assert.txt")).await;
}

#[tokio::test]
async fn buffers_do_what_nodes_do() {
    check(include_str!("builtins/buffer.txt")).await;
}

#[tokio::test]
async fn crypto_does_what_nodes_does() {
    check(include_str!("builtins/crypto.txt")).await;
}

#[tokio::test]
async fn random_bytes_differ_between_steps_unless_seeded() {
    let body = "const { randomBytes, randomUUID, randomInt } = require('crypto'); \
        reply([randomBytes(16).toString('hex'), randomUUID(), randomInt(1e9), crypto.getRandomValues(new Uint8Array(8)).join()])";
    let loaded = handler(body).load().await;
    assert_ne!(loaded.answer().await, loaded.answer().await);
    let mut seeded = handler(body);
    seeded.seed = Some(7);
    let loaded = seeded.load().await;
    let (first, second) = (loaded.answer().await, loaded.answer().await);
    assert_eq!(first, second);
    let drawn: Vec<serde_json::Value> = serde_json::from_str(&first).unwrap();
    assert_eq!(drawn[0].as_str().unwrap().len(), 32);
    assert!(drawn[2].as_u64().unwrap() < 1_000_000_000);
}

#[tokio::test]
async fn events_do_what_nodes_do() {
    check(include_str!("builtins/events.txt")).await;
}

#[tokio::test]
async fn path_does_what_nodes_does() {
    check(include_str!("builtins/path.txt")).await;
}

#[tokio::test]
async fn querystring_does_what_nodes_does() {
    check(include_str!("builtins/querystring.txt")).await;
}

#[tokio::test]
async fn url_does_what_nodes_does() {
    check(include_str!("builtins/url.txt")).await;
}

#[tokio::test]
async fn util_does_what_nodes_does() {
    check(include_str!("builtins/inspect.txt")).await;
}
