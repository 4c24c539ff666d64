//! The channels' web hooks under `/c/<account>/<channel>`, looked up at every request since channels come and change.

use crate::engine::Runtime;
use crate::request_body;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode, Uri};
use std::convert::Infallible;
use std::sync::Weak;
use tower::ServiceExt;

/// The largest body a channel is sent, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// Serves every running channel.
pub(crate) fn channel_routes(runtime: Weak<Runtime>) -> Router {
    let service = tower::service_fn(move |request: Request<Body>| {
        let runtime = runtime.clone();
        async move { Ok::<_, Infallible>(serve(&runtime, request).await) }
    });
    Router::new().nest_service("/c", service)
}

async fn serve(runtime: &Weak<Runtime>, request: Request<Body>) -> Response {
    let (mut head, body) = request.into_parts();
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(runtime) = runtime.upgrade() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "closing down");
    };
    let path = head.uri.path().trim_start_matches('/').to_owned();
    let mut names = path.splitn(3, '/');
    let (account, channel) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let catalog = runtime.catalog();
    let Some(entry) = catalog.channel_named(account, channel) else {
        return refuse(
            StatusCode::NOT_FOUND,
            &format!("there is no channel {account}/{channel}"),
        );
    };
    let Some(running) = runtime.host.get(entry.id) else {
        let problem = format!("channel {account}/{channel} does not run");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &problem);
    };
    let rest = format!("/{}", names.next().unwrap_or_default());
    let Some(uri) = with_path(&head.uri, &rest) else {
        return refuse(StatusCode::BAD_REQUEST, "the path cannot be read");
    };
    head.uri = uri;
    let request = Request::from_parts(head, Body::from(body));
    running.routes.clone().oneshot(request).await.into_response()
}

/// The whole body within its limits of size and time.
async fn read_body(body: Body) -> Result<Bytes, Response> {
    request_body::read(body, BODY_LIMIT).await.map_err(|problem| {
        let status = problem.status();
        refuse(status, &problem.to_string())
    })
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    target.parse().ok()
}

fn refuse(status: StatusCode, problem: &str) -> Response {
    (status, axum::Json(serde_json::json!({"error": problem}))).into_response()
}
