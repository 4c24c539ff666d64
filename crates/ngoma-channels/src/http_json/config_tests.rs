//! Which settings an `http_json` channel takes.

use super::HttpJson;
use crate::test_line::{check_described, check_refused};
use serde_json::json;

#[tokio::test]
async fn what_is_described_is_what_is_read() {
    let config = json!({"send_url": "http://localhost:9000/send", "secret": "drum", "allow_private": true});
    check_described(&HttpJson, &config);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    let check = |config, field, problem| check_refused(&HttpJson, config, field, problem);
    check(
        json!({"send_url": "ftp://example.org"}),
        "send_url",
        "must begin with http:// or https://, not ftp:",
    );
    check(
        json!({"send_url": "example.org/send"}),
        "send_url",
        "is not a URL such as",
    );
    check(json!({"send_url": "http://"}), "send_url", "is not a URL such as");
    check(json!({"send_url": ""}), "send_url", "is not a URL such as");
    check(json!({"send_url": 7}), "send_url", "expected a string");
    check(json!({"secret": "two words"}), "secret", "visible ASCII");
    check(json!({"allow_private": "yes"}), "allow_private", "expected a boolean");
    check(json!({"deadline": "5s"}), "deadline", "unknown field");
}
