//! The console: the pages of the hosted product, one folder per noun, built on the web half.

pub mod dead_letters;
pub mod home;
pub mod messages;
pub mod phone;
mod words;

pub use phone::carrier::Carrier;
pub use phone::store::PhoneStore;

use axum::Router;
use ngoma_engine::{Clock, Engine, Readiness, SystemClock};
use ngoma_web::{App, Folder, Site, health};
use rust_embed::RustEmbed;
use std::sync::Arc;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

/// The console of a running engine as one router; without a carrier it has no phone, and nothing that lets everybody
/// change something.
pub fn router(engine: Arc<Engine>, carrier: Option<Arc<dyn Carrier>>) -> Router {
    let dead_letters = carrier
        .is_some()
        .then(|| dead_letters::app(Arc::new(Arc::clone(&engine))));
    let mut apps = apps(Arc::new(engine), carrier);
    apps.extend(dead_letters);
    Site::new(apps).router()
}

/// Every app of the console, in the order of the navigation.
pub fn apps(store: Arc<dyn PhoneStore>, carrier: Option<Arc<dyn Carrier>>) -> Vec<App> {
    apps_by(store, carrier, Arc::new(SystemClock))
}

/// The same, by a clock of its own.
fn apps_by(store: Arc<dyn PhoneStore>, carrier: Option<Arc<dyn Carrier>>, clock: Arc<dyn Clock>) -> Vec<App> {
    let mut apps = vec![home::app(carrier.is_some()), health_app(Arc::clone(&store))];
    apps.extend(carrier.map(|carrier| phone::app(store, carrier, clock)));
    apps
}

fn health_app(store: Arc<dyn PhoneStore>) -> App {
    let check = move || {
        let store = Arc::clone(&store);
        async move { store.ready().await.map(as_told) }
    };
    App::new("health", health::routes(check))
}

/// An engine's readiness as `/ready` tells it.
pub fn as_told(readiness: Readiness) -> health::Readiness {
    match readiness {
        Readiness::Ready => health::Readiness::Ready,
        Readiness::Degraded(reason) => health::Readiness::Degraded(reason),
    }
}

/// The console's templates, for whichever app needs them.
fn templates() -> Folder {
    Folder::of(Templates)
}

/// The console's static files.
fn static_files() -> Folder {
    Folder::of(StaticFiles)
}
