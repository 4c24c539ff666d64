//! Compresses pages on their way out: most readers are on slow networks.

use crate::static_files::{accepts_gzip, gzip};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};

/// Below this a packet is sent anyway.
const SMALLEST: usize = 1000;
/// Pages are rendered whole; more than this is none.
const LARGEST: usize = 4 << 20;

/// Middleware: gzips HTML for clients that take it.
pub async fn compress_pages(request: Request, next: Next) -> Response {
    let wanted = accepts_gzip(request.headers());
    let response = next.run(request).await;
    if !wanted || !is_plain_html(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = to_bytes(body, LARGEST).await else {
        return crate::error::unreadable_page();
    };
    let smaller = Some(&plain)
        .filter(|plain| plain.len() >= SMALLEST)
        .and_then(|plain| gzip(plain));
    let Some(smaller) = smaller else {
        return Response::from_parts(parts, Body::from(plain));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts
        .headers
        .append(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(parts, Body::from(smaller))
}

fn is_plain_html(response: &Response) -> bool {
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html")) && !response.headers().contains_key(header::CONTENT_ENCODING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::response::Html;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn check(path: &str, accepted: &str, compressed: bool) {
        let app = Router::new()
            .route("/long", get(|| async { Html("<p>text".repeat(1000)) }))
            .route("/short", get(|| async { Html("<p>text") }))
            .route("/other", get(|| async { "text".repeat(1000) }))
            .layer(axum::middleware::from_fn(compress_pages));
        let request = Request::get(path)
            .header(header::ACCEPT_ENCODING, accepted)
            .body(Body::empty())
            .unwrap();
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(
            response.headers().contains_key(header::CONTENT_ENCODING),
            compressed,
            "{path} {accepted}"
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body.starts_with(&[0x1f, 0x8b]), compressed, "{path} {accepted}");
    }

    #[tokio::test]
    async fn long_pages_are_compressed_for_clients_that_take_it() {
        check("/long", "gzip, br", true).await;
        check("/long", "identity", false).await;
        check("/short", "gzip", false).await;
        check("/other", "gzip", false).await;
    }
}
