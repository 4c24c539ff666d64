//! The channels' web hooks under `/c/<account>/<channel>`, looked up at every request since channels come and change.

use crate::engine::Runtime;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode, Uri, header};
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
    Router::new()
        .nest_service("/c", service)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn serve(runtime: &Weak<Runtime>, mut request: Request<Body>) -> Response {
    let Some(runtime) = runtime.upgrade() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "closing down");
    };
    let path = request.uri().path().trim_start_matches('/').to_owned();
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
    if is_too_large(&request) {
        let problem = format!("the body is larger than {BODY_LIMIT} bytes");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, &problem);
    }
    let rest = format!("/{}", names.next().unwrap_or_default());
    let Some(uri) = with_path(request.uri(), &rest) else {
        return refuse(StatusCode::BAD_REQUEST, "the path cannot be read");
    };
    *request.uri_mut() = uri;
    running.routes.clone().oneshot(request).await.into_response()
}

/// Whether its sender says that it is too large; a body without a length is cut off while it is read.
fn is_too_large(request: &Request<Body>) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > BODY_LIMIT)
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
