//! The API: everything the carrier can be told, as JSON, for scripts and tests.

mod answers;
mod behaviour;
mod body;
mod deliver;
mod ledger;
mod links;
mod messages;
mod problem;
mod receipt;
mod state;

pub use deliver::Delivery;
pub use links::{Command as LinkCommand, mode};
pub use problem::Problem;

use crate::carrier::Carrier;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use ngoma_web::App;
use std::net::SocketAddr;
use std::sync::Arc;

/// The most octets a request may have: a behaviour, a long text, a thousand answers.
const BODY_LIMIT: usize = 256 << 10;

/// What the API works with.
#[derive(Clone)]
pub struct Api {
    carrier: Arc<Carrier>,
    /// Where ESMEs are awaited.
    smpp: SocketAddr,
}

/// The app that answers `/api`. Whoever reaches it may do all of it: it is for the developer's own machine.
pub fn app(carrier: Arc<Carrier>, smpp: SocketAddr) -> App {
    App::new("api", routes(Api { carrier, smpp }))
}

fn routes(api: Api) -> Router {
    Router::new()
        .route("/api", get(state::show_state))
        .route("/api/state", get(state::show_state))
        .route(
            "/api/behaviour",
            get(behaviour::show_behaviour)
                .put(behaviour::replace_behaviour)
                .patch(behaviour::change_behaviour),
        )
        .route(
            "/api/answers",
            get(answers::list_answers)
                .post(answers::add_answers)
                .delete(answers::forget_answers),
        )
        .route("/api/messages", get(messages::list_messages))
        .route("/api/deliver", post(deliver::deliver))
        .route("/api/receipt", post(receipt::send_receipt))
        .route("/api/links", get(links::list_links).post(links::order_links))
        .route("/api/ledger", get(ledger::download_ledger))
        .method_not_allowed_fallback(problem::other_method)
        .route("/api/{*rest}", any(problem::no_such_path))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}
