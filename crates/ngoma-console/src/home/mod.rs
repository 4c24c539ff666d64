//! The start page: leads to the phone where there is one, else says that Ngoma is running.

use axum::Router;
use axum::response::{Html, Redirect};
use axum::routing::get;
use ngoma_web::{App, AppError, Page};
use serde_json::json;

/// The app that answers `/`.
pub fn app(has_phone: bool) -> App {
    let start = if has_phone {
        get(lead_to_phone)
    } else {
        get(show_running)
    };
    App::new("home", Router::new().route("/", start)).with_templates(crate::templates())
}

async fn lead_to_phone() -> Redirect {
    Redirect::to("/phone")
}

async fn show_running(page: Page) -> Result<Html<String>, AppError> {
    page.render("home/running.html", json!({}))
}
