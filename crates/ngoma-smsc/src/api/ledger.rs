//! `GET /api/ledger`: the ledger as far as it is written.

use super::{Api, Problem};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// How much is sent at once, in octets.
const AT_ONCE: u64 = 64 * 1024;

/// Sends the file up to where it ends now; the last line may still be in the writing.
pub async fn download_ledger(State(api): State<Api>) -> Result<Response, Problem> {
    let ledger = api
        .carrier
        .ledger
        .as_ref()
        .ok_or_else(|| Problem::not_found("there is no ledger: it was started with --no-ledger"))?;
    let gone = |error| Problem::conflict(format!("the ledger cannot be read: {error}"));
    let file = File::open(ledger.path()).await.map_err(gone)?;
    let length = file.metadata().await.map_err(gone)?.len();
    let pieces = stream::try_unfold((file, length), |(mut file, left)| async move {
        let mut piece = Vec::new();
        (&mut file).take(left.min(AT_ONCE)).read_to_end(&mut piece).await?;
        let left = left - piece.len() as u64;
        let next = (!piece.is_empty()).then(|| (Bytes::from(piece), (file, left)));
        Ok::<_, std::io::Error>(next)
    });
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"smsc-ledger.jsonl\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
