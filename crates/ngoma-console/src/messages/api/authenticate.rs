//! Who a request is from.

use super::problem::Problem;
use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use ngoma_engine::{Client, Engine};
use std::sync::Arc;

/// A client that its token let in.
pub(super) struct Authenticated(pub(super) Client);

impl FromRequestParts<Arc<Engine>> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, engine: &Arc<Engine>) -> Result<Self, Problem> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(bearer).ok_or_else(Problem::unauthorized)?;
        let client = engine.client(token).await?;
        client.map(Self).ok_or_else(Problem::unauthorized)
    }
}

/// The token of `Bearer TOKEN`; the scheme in any case (RFC 6750 §2.1, RFC 9110 §11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
