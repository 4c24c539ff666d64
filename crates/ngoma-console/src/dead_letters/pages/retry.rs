//! `POST /dead-letters/retry`: has one dead letter, or all of a kind, tried again.

use crate::dead_letters::store::DeadLetterStore;
use axum::extract::{Form, State};
use axum::response::Redirect;
use ngoma_engine::DeadLetterKind;
use ngoma_message::MessageId;
use ngoma_web::AppError;
use serde::Deserialize;
use std::sync::Arc;

/// Which ones.
#[derive(Deserialize)]
pub struct Retry {
    account: String,
    kind: String,
    /// The one; all of the kind when it is absent.
    item: Option<String>,
}

/// Puts them back and shows the list again.
pub async fn retry(
    State(store): State<Arc<dyn DeadLetterStore>>,
    Form(form): Form<Retry>,
) -> Result<Redirect, AppError> {
    let kind = DeadLetterKind::parse(&form.kind).ok_or_else(|| {
        let problem = format!(
            "There is no kind {:?} of dead letters. Open the list and choose one there.",
            form.kind
        );
        AppError::bad_request(problem)
    })?;
    let retried = match form.item {
        Some(item) => store.retry(&form.account, kind, &MessageId::from(item)).await?,
        None => store.retry_all(&form.account, kind).await?,
    };
    Ok(Redirect::to(&format!("/dead-letters?retried={retried}")))
}
