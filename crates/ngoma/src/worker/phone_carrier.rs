//! The demo phone's carrier: it calls the channels' web hooks as a gateway would, within the process.

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode, header};
use ngoma_console::Carrier;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

const ANSWER_LIMIT: usize = 64 * 1024;

/// Calls the channels' routes.
pub struct PhoneCarrier(Router);

impl PhoneCarrier {
    /// A carrier whose gateway calls these routes.
    pub fn over(channels: Router) -> Arc<dyn Carrier> {
        Arc::new(Self(channels))
    }
}

#[async_trait]
impl Carrier for PhoneCarrier {
    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        let Ok(request) = request else {
            return (StatusCode::NOT_FOUND, json!({ "error": "no such channel" }));
        };
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER_LIMIT).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}
