//! Gives each request an id that its log lines, its answer and its error page share.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: 16 hexadecimal digits.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Middleware: makes the id, puts it into the request and into the answer's header.
pub async fn give_request_id(mut request: Request, next: Next) -> Response {
    let id = make_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Unlike any other of this process, and unlikely to equal one of another; it is no secret.
fn make_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", RandomState::new().hash_one(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_one_length_and_differ() {
        let (one, other) = (make_id(), make_id());
        assert_eq!((one.len(), other.len()), (16, 16));
        assert_ne!(one, other);
    }
}
