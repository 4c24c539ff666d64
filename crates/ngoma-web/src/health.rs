//! `/health` says that the process lives, `/ready` whether it can take work.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use std::future::Future;

/// How a process is that takes work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// All is well.
    Ready,
    /// It takes work, and something is amiss.
    Degraded(String),
}

/// The two routes; `check` answers how the process is, or why it takes no work.
pub fn routes<C, F>(check: C) -> Router
where
    C: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Readiness, String>> + Send + 'static,
{
    let ready = move || {
        let check = check.clone();
        async move { report_readiness(check().await) }
    };
    Router::new()
        .route("/health", get(report_life))
        .route("/ready", get(ready))
}

async fn report_life() -> Response {
    uncached(Json(json!({ "alive": true })).into_response())
}

/// One that is degraded is still ready: a proxy that took it out would send its work nowhere better.
fn report_readiness(verdict: Result<Readiness, String>) -> Response {
    uncached(match verdict {
        Ok(Readiness::Ready) => Json(json!({ "ready": true })).into_response(),
        Ok(Readiness::Degraded(reason)) => {
            Json(json!({ "ready": true, "degraded": true, "reason": reason })).into_response()
        }
        Err(reason) => {
            let body = Json(json!({ "ready": false, "reason": reason }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    })
}

fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn check(path: &str, verdict: Result<Readiness, String>, status: u16, expected: &str) {
        let app = routes(move || std::future::ready(verdict.clone()));
        let response = app
            .oneshot(Request::get(path).body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        // As values: the order of fields depends on what else is compiled in.
        let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&body), value(expected.as_bytes()));
    }

    #[tokio::test]
    async fn health_and_readiness_are_told_apart() {
        let full = || Err("the disk is full".to_owned());
        check("/health", full(), 200, r#"{"alive":true}"#).await;
        let degraded = Readiness::Degraded("the broker is away".to_owned());
        let told = r#"{"degraded":true,"ready":true,"reason":"the broker is away"}"#;
        check("/ready", Ok(degraded), 200, told).await;
        check("/ready", Ok(Readiness::Ready), 200, r#"{"ready":true}"#).await;
        check("/ready", full(), 503, r#"{"ready":false,"reason":"the disk is full"}"#).await;
    }
}
