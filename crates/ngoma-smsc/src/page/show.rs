//! `GET /`: the page as it is now.

use super::{Desk, view};
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse};
use http::header;
use ngoma_web::{AppError, Page};
use serde::Deserialize;

/// What the page's address says: what was just done.
#[derive(Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// Shows it.
pub async fn show_page(
    State(desk): State<Desk>,
    Query(done): Query<Done>,
    page: Page,
) -> Result<impl IntoResponse, AppError> {
    render(&page, view::of(&desk, view::said(&done.done)))
}

/// The page with these values; nobody keeps it.
pub fn render(page: &Page, view: view::View) -> Result<impl IntoResponse + use<>, AppError> {
    let html: Html<String> = page.render("smsc/show.html", view)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], html))
}
