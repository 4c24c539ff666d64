//! The web half: a site is a list of apps; each brings pages, templates and static files.
//!
//! ```
//! use axum::{Router, response::Html, routing::get};
//! use ngoma_web::{App, Page, Site};
//!
//! async fn about(page: Page) -> Result<Html<String>, ngoma_web::AppError> {
//!     page.render("error.html", serde_json::json!({ "heading": "About us" }))
//! }
//!
//! let site = Site::new(vec![App::new("about", Router::new().route("/about", get(about)))]);
//! let router: Router = site.router();
//! # let _ = router;
//! ```

pub mod app;
pub mod compression;
pub mod cross_site;
pub mod error;
pub mod health;
pub mod page;
pub mod request_id;
pub mod security_headers;
pub mod static_files;
pub mod templates;
pub mod theme;

pub use app::{App, NavLink, Site};
pub use error::AppError;
pub use page::Page;
pub use templates::Folder;
