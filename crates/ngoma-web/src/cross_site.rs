//! Refuses changes that another site's page asks for: the first protection against cross-site request forgery.

use crate::AppError;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

/// Middleware: reading is free; anything else must come from our own pages or from no browser at all.
pub async fn refuse_cross_site(request: Request, next: Next) -> Response {
    if request.method().is_safe() || !comes_from_another_site(request.headers()) {
        return next.run(request).await;
    }
    AppError::forbidden(
        "The form was sent from another site, so nothing was changed. Open the page here and send it again.",
    )
    .into_response()
}

/// Browsers say where a request comes from in `Sec-Fetch-Site`; over plain HTTP only in `Origin`. Programs say neither.
fn comes_from_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none() || host != text(header::HOST.as_str())
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(headers: &[(&'static str, &'static str)], refused: bool) {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let headers: HeaderMap = headers.collect();
        assert_eq!(comes_from_another_site(&headers), refused, "{headers:?}");
    }

    #[test]
    fn only_pages_of_other_sites_are_refused() {
        check(&[], false);
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("sec-fetch-site", "same-site")], true);
        check(&[("origin", "http://10.0.0.5:8000"), ("host", "10.0.0.5:8000")], false);
        check(&[("origin", "http://evil.example"), ("host", "10.0.0.5:8000")], true);
        check(&[("origin", "null"), ("host", "10.0.0.5:8000")], true);
        check(
            &[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")],
            false,
        );
    }
}
