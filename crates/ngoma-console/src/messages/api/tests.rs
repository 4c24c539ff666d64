//! The API without an engine's help: what its wire forms say is tested end to end by the program's own tests.

use super::problem::Problem;
use axum::response::IntoResponse;
use ngoma_engine::{AcceptError, StoreError};
use std::time::Duration;

fn check(problem: Problem, status: u16, header: Option<&str>) {
    let response = problem.into_response();
    assert_eq!(response.status(), status);
    if let Some(header) = header {
        assert!(response.headers().contains_key(header), "{header}");
    }
}

#[test]
fn each_problem_has_its_status_and_says_what_to_do() {
    check(Problem::unauthorized(), 401, Some("www-authenticate"));
    check(Problem::method("POST"), 405, Some("allow"));
    check(AcceptError::KeyTaken.into(), 409, None);
    check(AcceptError::Unavailable("full".into()).into(), 503, Some("retry-after"));
    check(StoreError::Unavailable("away".into()).into(), 503, Some("retry-after"));
    let full = AcceptError::Full {
        problem: "channel sms is behind".into(),
        time_to_drain: Some(Duration::from_secs(40_000)),
        retry_after: Duration::from_secs(3600),
    };
    let response = Problem::from(full).into_response();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"3600".parse().unwrap())
    );
    let invalid = AcceptError::Invalid {
        index: 3,
        field: "to",
        problem: "must not be empty".into(),
    };
    check(invalid.into(), 400, None);
}
