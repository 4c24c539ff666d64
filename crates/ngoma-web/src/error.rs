//! What a handler says when it cannot answer, and the page or JSON the client gets for it.

use crate::Page;
use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use std::fmt;

/// Why a page cannot be shown, in words for its reader. What went wrong inside is logged, never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppError {
    status: StatusCode,
    message: String,
}

impl AppError {
    /// What was asked for does not exist: `404`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The request cannot be used as it is: `400`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The reader may not do this: `403`.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// Something broke: `500`. Logs the cause; the reader gets the request id to quote.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(error = %cause, "a page failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, GENERAL_HELP)
    }

    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

const GENERAL_HELP: &str =
    "Something went wrong on this side. Try again in a minute; if it stays, quote the request id.";

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for AppError {}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.message.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer to a path that leads nowhere.
pub async fn no_such_page() -> AppError {
    AppError::not_found("Nothing is at this address. Check it for typing errors, or begin at the start page.")
}

/// The answer in place of a page that could not be put together.
pub(crate) fn unreadable_page() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, GENERAL_HELP).into_response()
}

/// Middleware: gives every error the form its client reads: a page for a person, JSON for a program.
pub async fn show_errors(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let page = Page::of(&parts);
    let as_json = wants_json(&parts.headers);
    let response = next.run(Request::from_parts(parts, body)).await;
    match error_of(&response) {
        None => response,
        Some(error) if as_json => json_error(&error, page.request_id()),
        Some(error) => html_error(&error, &page),
    }
}

/// Errors raised by handlers carry themselves; the framework's own (bad form, wrong method, too large) come as bare text.
fn error_of(response: &Response) -> Option<AppError> {
    let status = response.status();
    if let Some(error) = response.extensions().get::<AppError>() {
        return Some(error.clone());
    }
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_bare = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    let is_error = status.is_client_error() || status.is_server_error();
    (is_error && is_bare).then(|| AppError::new(status, describe(status)))
}

fn describe(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => "This address does not take that kind of request.",
        StatusCode::PAYLOAD_TOO_LARGE => "What was sent is too large. Send less at once.",
        status if status.is_client_error() => {
            "The request could not be read. Go back, check the form and send it again."
        }
        _ => GENERAL_HELP,
    }
}

/// JSON for clients that ask for it, or that send it and do not ask for a page.
fn wants_json(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
            .unwrap_or_default()
    };
    let accept = text(header::ACCEPT);
    !accept.contains("text/html") && (accept.contains("json") || text(header::CONTENT_TYPE).contains("json"))
}

fn json_error(error: &AppError, request_id: &str) -> Response {
    let body = serde_json::json!({ "error": error.message, "request_id": request_id });
    (error.status, Json(body)).into_response()
}

#[derive(Serialize)]
struct ErrorPage<'a> {
    heading: &'a str,
    message: &'a str,
}

fn html_error(error: &AppError, page: &Page) -> Response {
    let heading = match error.status {
        StatusCode::NOT_FOUND => "Page not found",
        StatusCode::FORBIDDEN => "Not allowed",
        status if status.is_client_error() => "The request cannot be used",
        _ => "Something went wrong",
    };
    let shown = ErrorPage {
        heading,
        message: &error.message,
    };
    match page.render("error.html", shown) {
        Ok(html) => (error.status, html).into_response(),
        Err(_) => (error.status, error.message.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn programs_get_json_and_people_get_pages() {
        fn check(accept: &'static str, content_type: &'static str, json: bool) {
            let headers = [
                (header::ACCEPT, HeaderValue::from_static(accept)),
                (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            ];
            assert_eq!(
                wants_json(&HeaderMap::from_iter(headers)),
                json,
                "{accept} {content_type}"
            );
        }
        check("application/json", "", true);
        check("text/html,application/xhtml+xml", "", false);
        check("text/html, application/json", "application/json", false);
        check("*/*", "application/json", true);
        check("*/*", "application/x-www-form-urlencoded", false);
    }

    #[test]
    fn an_internal_error_never_shows_its_cause() {
        let shown = AppError::internal("password is hunter2").to_string();
        assert_eq!(shown, GENERAL_HELP);
    }

    #[test]
    fn answers_of_handlers_that_are_no_bare_text_are_left_alone() {
        let json = (
            StatusCode::BAD_REQUEST,
            Json(serde_json::json!({ "error": "from: missing" })),
        )
            .into_response();
        assert_eq!(error_of(&json), None);
        let bare = (StatusCode::METHOD_NOT_ALLOWED, "").into_response();
        assert!(error_of(&bare).is_some());
    }
}
