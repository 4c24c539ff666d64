//! Which settings a `ussd_http` channel takes.

use super::UssdHttp;
use crate::test_line::{check_described, check_refused};
use serde_json::json;

#[tokio::test]
async fn what_is_described_is_what_is_read() {
    let config = json!({"secret": "drum", "deadline": "500ms", "fallback": "Later."});
    check_described(&UssdHttp, &config);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    let check = |config, field, problem| check_refused(&UssdHttp, config, field, problem);
    check(json!({"deadline": "0s"}), "deadline", "longer than 0");
    check(json!({"deadline": "3m"}), "deadline", "at most 2m");
    check(json!({"deadline": "soon"}), "deadline", "is not a duration");
    check(json!({"fallback": ""}), "fallback", "1 to 160");
    check(json!({"fallback": "x".repeat(161)}), "fallback", "1 to 160");
    check(json!({"secret": ""}), "secret", "visible ASCII");
    check(json!({"secret": 5}), "secret", "expected a string");
    check(json!({"send_url": "https://example.org"}), "send_url", "unknown field");
}
