//! What is told on the metrics' address: the metrics, the workers, and whether this one lives and is ready.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use ngoma_engine::{Clock, Engine, SystemClock};
use ngoma_web::health;
use serde_json::{Value, json};
use std::sync::Arc;

/// Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `/metrics`, `/workers`, `/health` and `/ready`.
pub fn routes(engine: Arc<Engine>) -> Router {
    let check = {
        let engine = Arc::clone(&engine);
        move || {
            let engine = Arc::clone(&engine);
            async move { engine.ready().await.map(ngoma_console::as_told) }
        }
    };
    Router::new()
        .route("/metrics", get(tell_metrics))
        .route("/workers", get(list_workers))
        .with_state(engine)
        .merge(health::routes(check))
}

async fn tell_metrics(State(engine): State<Arc<Engine>>) -> Response {
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], engine.metrics_text().await).into_response()
}

/// `{"workers": [{"epoch": 3, "about": "process 4242", "beat_age_seconds": 1.5}]}`
async fn list_workers(State(engine): State<Arc<Engine>>) -> Response {
    let now = SystemClock.now();
    match engine.workers().await {
        Ok(workers) => {
            let workers: Vec<Value> = workers
                .iter()
                .map(|worker| {
                    json!({
                        "epoch": worker.epoch,
                        "about": worker.about,
                        "beat_age_seconds": now.since(worker.beat_at).as_secs_f64(),
                    })
                })
                .collect();
            Json(json!({ "workers": workers })).into_response()
        }
        Err(error) => {
            let body = Json(json!({ "error": error.to_string() }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
