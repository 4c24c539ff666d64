//! The answer to a request that is not taken: a status and a JSON body that says why.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use ngoma_engine::channel::ReceiveError;
use serde::Serialize;

/// How long a gateway should wait before it tries again, in seconds.
pub const RETRY_AFTER_SECONDS: u16 = 2;

/// A request that is not taken.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    body: Body,
}

/// ```json
/// {"error":"must not be empty","field":"from"}
/// ```
#[derive(Debug, Serialize)]
struct Body {
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl Refusal {
    /// A refusal with its cause in words.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let error = error.into();
        Self {
            status,
            body: Body { error, field: None },
        }
    }

    /// 400: the field at fault and what is wrong with it.
    pub fn field(field: impl Into<String>, error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error).about(field)
    }

    /// 503: not now; the same request may be sent again.
    pub fn not_now(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    /// Names the field the refusal is about.
    pub fn about(mut self, field: impl Into<String>) -> Self {
        self.body.field = Some(field.into());
        self
    }
}

/// 405 in JSON: the fallback of a route that takes only POST.
pub async fn only_post() -> Response {
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "use POST");
    ([(header::ALLOW, "POST")], refusal).into_response()
}

/// 404 in JSON: the fallback of a channel's router.
pub async fn no_such_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "the channel has nothing at this path")
}

impl From<ReceiveError> for Refusal {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Unavailable(_) => Self::not_now(error.to_string()),
            ReceiveError::UnknownMessage => Self::new(StatusCode::NOT_FOUND, error.to_string()),
        }
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    async fn check(refusal: impl IntoResponse, status: u16, headers: &[(&str, &str)], body: Value) {
        let response = refusal.into_response();
        assert_eq!(response.status(), status);
        for (name, value) in headers {
            assert_eq!(response.headers()[*name], *value, "{name}");
        }
        let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
        assert_eq!(serde_json::from_slice::<Value>(&bytes).expect("JSON"), body);
    }

    #[tokio::test]
    async fn every_refusal_is_json_with_its_status() {
        let field = Refusal::field("from", "must not be empty");
        check(field, 400, &[], json!({"error": "must not be empty", "field": "from"})).await;
        let conflict = Refusal::new(StatusCode::CONFLICT, "twice");
        check(conflict, 409, &[], json!({"error": "twice"})).await;
        check(
            only_post().await,
            405,
            &[("allow", "POST")],
            json!({"error": "use POST"}),
        )
        .await;
        let nowhere = json!({"error": "the channel has nothing at this path"});
        check(no_such_path().await, 404, &[], nowhere).await;
    }

    #[tokio::test]
    async fn a_store_that_is_away_asks_to_come_again() {
        let refusal = Refusal::from(ReceiveError::Unavailable("disk full".to_owned()));
        let body = json!({"error": "the store is not available: disk full"});
        check(refusal, 503, &[("retry-after", "2")], body).await;
        let refusal = Refusal::from(ReceiveError::UnknownMessage);
        check(refusal, 404, &[], json!({"error": "no such message"})).await;
    }
}
