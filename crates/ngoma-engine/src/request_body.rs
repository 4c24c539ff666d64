//! The body of a request, read whole within limits of size and time.

use axum::body::{Body, Bytes};
use http::StatusCode;
use http_body_util::BodyExt;
use std::time::Duration;

/// How much of a body that is too large is read and dropped: a client that is still sending would not see the answer.
const DROP_LIMIT: usize = 32 << 20;
/// How long a client may take to send a body.
const TIME: Duration = Duration::from_secs(30);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyProblem {
    /// It is larger than so many bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The client went away.
    #[error("the body broke off")]
    BrokeOff,
    /// It took too long.
    #[error("the body did not come in time")]
    TooSlow,
}

impl BodyProblem {
    /// What the client is answered.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BrokeOff => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// Reads a body of at most so many bytes.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, BodyProblem> {
    match tokio::time::timeout(TIME, collect(body, limit)).await {
        Ok(Ok(body)) => body.ok_or(BodyProblem::TooLarge(limit)),
        Ok(Err(_)) => Err(BodyProblem::BrokeOff),
        Err(_) => Err(BodyProblem::TooSlow),
    }
}

/// The body, or nothing when it is too large.
async fn collect(mut body: Body, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut kept = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.len();
        if length > DROP_LIMIT {
            return Ok(None);
        }
        if length <= limit {
            kept.extend_from_slice(&data);
        }
    }
    Ok((length <= limit).then(|| kept.into()))
}
