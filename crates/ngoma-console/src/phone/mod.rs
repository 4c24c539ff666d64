//! The phone: a handset on a page that reaches channels as a carrier's network would, with the trace beside it.

pub mod carrier;
pub mod store;

mod handset;
mod lines;
mod pages;
mod query;
mod view;

#[cfg(test)]
mod fakes;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use carrier::Carrier;
use ngoma_engine::Clock;
use ngoma_message::Address;
use ngoma_web::App;
use std::sync::Arc;
use store::PhoneStore;

/// The most bytes a form or a carrier's message may have.
const BODY_LIMIT: usize = 64 << 10;

/// What the phone's pages work with.
#[derive(Clone)]
pub(crate) struct Phone {
    store: Arc<dyn PhoneStore>,
    carrier: Arc<dyn Carrier>,
    clock: Arc<dyn Clock>,
}

impl Phone {
    /// The number of a handset as typed, in the form the channels and the store know it by.
    pub(crate) fn number(&self, typed: &str) -> Address {
        query::handset_number(typed, lines::home_country(&self.store.directory()))
    }
}

/// The app that answers `/phone`.
pub fn app(store: Arc<dyn PhoneStore>, carrier: Arc<dyn Carrier>, clock: Arc<dyn Clock>) -> App {
    let phone = Phone { store, carrier, clock };
    App::new("phone", routes(phone))
        .with_templates(crate::templates())
        .with_static_files(crate::static_files())
        .with_nav("Phone", "/phone")
}

fn routes(phone: Phone) -> Router {
    Router::new()
        .route("/phone", get(pages::show::show_phone))
        .route("/phone/dial", post(pages::dial::dial))
        .route("/phone/reply", post(pages::reply::reply))
        .route("/phone/hang-up", post(pages::hang_up::hang_up))
        .route("/phone/sms", post(pages::send_sms::send_sms))
        .route("/phone/inbox", post(pages::inbox::take_sms))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(phone)
}
