//! The console: the pages of the hosted product, one folder per noun, built on the web half.

pub mod home;
pub mod messages;
pub mod phone;

pub use phone::carrier::Carrier;
pub use phone::store::PhoneStore;

use axum::Router;
use ngoma_engine::Engine;
use ngoma_web::{App, Folder, Site, health};
use rust_embed::RustEmbed;
use std::sync::Arc;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

/// The console of a running engine as one router; without a carrier it has no phone.
pub fn router(engine: Arc<Engine>, carrier: Option<Arc<dyn Carrier>>) -> Router {
    Site::new(apps(Arc::new(engine), carrier)).router()
}

/// Every app of the console, in the order of the navigation.
pub fn apps(store: Arc<dyn PhoneStore>, carrier: Option<Arc<dyn Carrier>>) -> Vec<App> {
    let mut apps = vec![home::app(carrier.is_some()), health_app(Arc::clone(&store))];
    apps.extend(carrier.map(|carrier| phone::app(store, carrier)));
    apps
}

fn health_app(store: Arc<dyn PhoneStore>) -> App {
    let check = move || {
        let store = Arc::clone(&store);
        async move { store.ready().await }
    };
    App::new("health", health::routes(check))
}

/// The console's templates, for whichever app needs them.
fn templates() -> Folder {
    Folder::of(Templates)
}

/// The console's static files.
fn static_files() -> Folder {
    Folder::of(StaticFiles)
}
