//! Dead letters: what was given up, with its reason, and a button that has it tried again.

pub mod store;

mod pages;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use ngoma_web::App;
use std::sync::Arc;
use store::DeadLetterStore;

/// The most bytes a form may have.
const BODY_LIMIT: usize = 4 << 10;

/// The app that answers `/dead-letters`. Whoever reaches it may have anything tried again: it is for the demo until
/// there are sign-ins.
pub fn app(store: Arc<dyn DeadLetterStore>) -> App {
    App::new("dead_letters", routes(store))
        .with_templates(crate::templates())
        .with_static_files(crate::static_files())
        .with_nav("Dead letters", "/dead-letters")
}

fn routes(store: Arc<dyn DeadLetterStore>) -> Router {
    Router::new()
        .route("/dead-letters", get(pages::list::list_dead_letters))
        .route("/dead-letters/retry", post(pages::retry::retry))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(store)
}
