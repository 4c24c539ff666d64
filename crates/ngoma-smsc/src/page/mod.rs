//! The page: who is bound, what came, how the carrier behaves, and a phone to send from.

mod forms;
mod settings;
mod show;
#[cfg(test)]
mod tests;
mod view;

use crate::carrier::Carrier;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use ngoma_web::{App, Folder};
use rust_embed::RustEmbed;
use std::net::SocketAddr;
use std::sync::Arc;

/// The most octets a form may have.
const BODY_LIMIT: usize = 64 << 10;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

/// What the page works with.
#[derive(Clone)]
struct Desk {
    carrier: Arc<Carrier>,
    /// Where ESMEs are awaited.
    smpp: SocketAddr,
}

/// The app that answers `/`.
pub fn app(carrier: Arc<Carrier>, smpp: SocketAddr) -> App {
    App::new("smsc", routes(Desk { carrier, smpp }))
        .with_templates(Folder::of(Templates))
        .with_static_files(Folder::of(StaticFiles))
}

fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/", get(show::show_page))
        .route("/behaviour", post(forms::change_behaviour))
        .route("/deliver", post(forms::deliver))
        .route("/links", post(forms::order_links))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(desk)
}
