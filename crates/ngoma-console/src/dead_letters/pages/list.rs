//! `GET /dead-letters`: what was given up, by account and kind.

use crate::dead_letters::store::DeadLetterStore;
use crate::dead_letters::view;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse};
use http::header;
use ngoma_message::Timestamp;
use ngoma_web::{AppError, Page};
use serde::Deserialize;
use std::sync::Arc;

/// How many of an account are shown.
pub(in crate::dead_letters) const SHOWN: usize = 100;

/// What the page's address says: how many were just put back.
#[derive(Deserialize)]
pub struct Done {
    retried: Option<usize>,
}

/// Lists dead letters.
pub async fn list_dead_letters(
    State(store): State<Arc<dyn DeadLetterStore>>,
    Query(done): Query<Done>,
    page: Page,
) -> Result<impl IntoResponse, AppError> {
    let mut letters = Vec::new();
    for account in store.accounts() {
        letters.push(store.dead_letters(&account, SHOWN + 1).await?);
    }
    let html: Html<String> = page.render(
        "dead_letters/list.html",
        view::of(letters, done.retried, Timestamp::now()),
    )?;
    Ok(([(header::CACHE_CONTROL, "no-store")], html))
}
