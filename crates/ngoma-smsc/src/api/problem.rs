//! What a program is told when its request is not done: always `{"error": …}`, with cause and cure.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub error: String,
    /// The field at fault, if there is one.
    pub field: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
            field: None,
        }
    }

    /// The request cannot be used as it is.
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// A field cannot be used as it is.
    pub fn field(field: &str, error: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::bad_request(error)
        }
    }

    /// What it is about is not there.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// It cannot be done as things are.
    pub fn conflict(error: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, error)
    }
}

impl From<crate::InvalidBehaviour> for Problem {
    fn from(invalid: crate::InvalidBehaviour) -> Self {
        Self::field(invalid.field, invalid.problem)
    }
}

impl From<crate::Full> for Problem {
    fn from(full: crate::Full) -> Self {
        Self::conflict(full.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.error });
        if let Some(field) = self.field {
            body["field"] = json!(field);
        }
        (self.status, Json(body)).into_response()
    }
}

/// The answer to a path of the API that leads nowhere.
pub async fn no_such_path() -> Problem {
    Problem::not_found(
        "nothing is at this address; the API has /api/state, /api/behaviour, /api/answers, /api/messages, /api/deliver, \
         /api/receipt, /api/links and /api/ledger",
    )
}

/// The answer to another method than a path takes.
pub async fn other_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this address takes another method: GET to read, POST to have something done, PUT or PATCH for the behaviour",
    )
}
