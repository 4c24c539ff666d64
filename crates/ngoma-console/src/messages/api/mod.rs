//! `/api/v1/messages`: JSON in and out, a bearer token lets in.

mod authenticate;
mod create;
mod problem;
mod show;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use ngoma_engine::Engine;
use problem::Problem;
use std::sync::Arc;

/// The API of a running engine.
pub fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/api/v1/messages", post(create::create_messages).fallback(only("POST")))
        .route("/api/v1/messages/{id}", get(show::show_message).fallback(only("GET")))
        .with_state(engine)
}

/// What answers another method.
fn only(method: &'static str) -> impl Fn() -> std::future::Ready<Problem> + Clone {
    move || std::future::ready(Problem::method(method))
}
