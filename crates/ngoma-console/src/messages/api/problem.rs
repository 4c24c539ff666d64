//! What a program is told when its request is not done: always `{"error": …}`, with the field at fault if there is one.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use ngoma_engine::{AcceptError, StoreError};
use serde_json::{Value, json};

/// How long a client should wait before it asks a store that is away again, in seconds.
const RETRY_AFTER: &str = "5";

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    status: StatusCode,
    body: Box<Value>,
    header: Option<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            body: Box::new(json!({ "error": error.into() })),
            header: None,
        }
    }

    /// The request cannot be used as it is.
    pub(super) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// No token lets this client in.
    pub(super) fn unauthorized() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "a token is needed: send Authorization: Bearer TOKEN, made with `ngoma token create ACCOUNT`",
        );
        problem.header = Some(("www-authenticate", "Bearer".to_owned()));
        problem
    }

    /// Another method is asked for.
    pub(super) fn method(allowed: &'static str) -> Self {
        let mut problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("only {allowed} is answered here"),
        );
        problem.header = Some(("allow", allowed.to_owned()));
        problem
    }

    fn not_now(error: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, error);
        problem.header = Some(("retry-after", RETRY_AFTER.to_owned()));
        problem
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match &error {
            AcceptError::Invalid { index, field, .. } => {
                let mut problem = Self::bad_request(error.to_string());
                problem.body["field"] = json!(field);
                problem.body["index"] = json!(index);
                problem
            }
            AcceptError::KeyTaken => Self::new(
                StatusCode::CONFLICT,
                "this Idempotency-Key was used before, for another request",
            ),
            AcceptError::Full {
                time_to_drain,
                retry_after,
                ..
            } => {
                let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string());
                problem.header = Some(("retry-after", retry_after.as_secs().to_string()));
                if let Some(time) = time_to_drain {
                    problem.body["time_to_drain"] = json!(time.as_secs());
                }
                problem
            }
            AcceptError::Unavailable(_) => Self::not_now(error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::not_now(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
