//! A site: a list of apps, put together as one router.

use crate::static_files::StaticFiles;
use crate::templates::{Folder, Templates};
use crate::{compression, cross_site, error, request_id, security_headers, static_files, theme};
use axum::{Extension, Router, middleware};
use rust_embed::RustEmbed;
use serde::Serialize;
use std::sync::Arc;

/// The templates every app builds on: the base page and the error page.
#[derive(RustEmbed)]
#[folder = "templates/"]
struct BaseTemplates;

/// The design system: tokens, base styles and the mark.
#[derive(RustEmbed)]
#[folder = "static/"]
struct BaseStatic;

/// A unit of the web half: routes with the templates and static files they need.
pub struct App {
    name: &'static str,
    routes: Router,
    templates: Option<Folder>,
    static_files: Option<Folder>,
    nav: Vec<NavLink>,
}

/// An entry of the site's navigation.
#[derive(Clone, Debug, Serialize)]
pub struct NavLink {
    /// What it is called.
    pub label: &'static str,
    /// Where it leads.
    pub path: &'static str,
}

impl App {
    /// An app with these routes.
    pub fn new(name: &'static str, routes: Router) -> Self {
        Self {
            name,
            routes,
            templates: None,
            static_files: None,
            nav: Vec::new(),
        }
    }

    /// Brings templates; their names must be unlike those of other apps, so put them in a folder of the app's name.
    #[must_use]
    pub fn with_templates(mut self, folder: Folder) -> Self {
        self.templates = Some(folder);
        self
    }

    /// Brings static files; their names must be unlike those of other apps.
    #[must_use]
    pub fn with_static_files(mut self, folder: Folder) -> Self {
        self.static_files = Some(folder);
        self
    }

    /// Puts a page into the navigation.
    #[must_use]
    pub fn with_nav(mut self, label: &'static str, path: &'static str) -> Self {
        self.nav.push(NavLink { label, path });
        self
    }

    /// What the app is called.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Several apps, put together.
pub struct Site {
    apps: Vec<App>,
}

impl Site {
    /// A site of these apps; the order is that of the navigation.
    pub fn new(apps: Vec<App>) -> Self {
        Self { apps }
    }

    /// One router with every app's routes, the static files, the error pages and the security headers.
    pub fn router(self) -> Router {
        let static_files = self.load_static_files();
        let templates = self.load_templates(&static_files);
        let routes = self
            .apps
            .into_iter()
            .fold(Router::new(), |all, app| all.merge(app.routes));
        routes
            .merge(theme::routes())
            .merge(static_files::routes(static_files))
            .fallback(error::no_such_page)
            .layer(middleware::from_fn(cross_site::refuse_cross_site))
            .layer(middleware::from_fn(error::show_errors))
            .layer(Extension(templates))
            .layer(middleware::from_fn(request_id::give_request_id))
            .layer(middleware::from_fn(compression::compress_pages))
            .layer(middleware::from_fn(security_headers::add_security_headers))
    }

    fn load_static_files(&self) -> Arc<StaticFiles> {
        let mut folders = vec![Folder::of(BaseStatic)];
        folders.extend(self.apps.iter().filter_map(|app| app.static_files.clone()));
        Arc::new(StaticFiles::load(folders))
    }

    fn load_templates(&self, static_files: &Arc<StaticFiles>) -> Templates {
        let mut folders = vec![Folder::of(BaseTemplates)];
        folders.extend(self.apps.iter().filter_map(|app| app.templates.clone()));
        let nav = self.apps.iter().flat_map(|app| app.nav.clone()).collect();
        Templates::load(folders, Arc::clone(static_files), nav)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Page;
    use axum::body::Body;
    use axum::routing::get;
    use http::{Request, StatusCode, header};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    fn site() -> Router {
        async fn hello(page: Page) -> Result<axum::response::Html<String>, crate::AppError> {
            page.render(
                "error.html",
                serde_json::json!({ "heading": "<script>alert(1)</script>" }),
            )
        }
        Site::new(vec![
            App::new("hello", Router::new().route("/hello", get(hello))).with_nav("Hello", "/hello"),
        ])
        .router()
    }

    async fn get_page(path: &str) -> (StatusCode, http::HeaderMap, String) {
        let request = Request::get(path)
            .header("accept", "text/html")
            .body(Body::empty())
            .unwrap();
        let response = site().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }

    #[tokio::test]
    async fn a_page_carries_the_security_headers_and_escapes_what_it_shows() {
        let (status, headers, html) = get_page("/hello").await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .contains("script-src 'self'")
        );
        assert!(html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
    }

    #[tokio::test]
    async fn a_page_links_its_style_by_its_hash_and_the_link_leads_to_it() {
        let (_, _, html) = get_page("/hello").await;
        let start = html.find("/static/base.").expect("the base style is linked");
        let url = html[start..].split('"').next().unwrap();
        let (status, headers, css) = get_page(url).await;
        assert_eq!(status, StatusCode::OK);
        assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert!(css.contains("--accent"));
    }

    #[tokio::test]
    async fn an_unknown_path_answers_a_friendly_page_with_a_request_id() {
        let (status, headers, html) = get_page("/nowhere").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let id = headers["x-request-id"].to_str().unwrap();
        assert!(html.contains(id), "{html}");
        assert!(html.contains("Page not found"), "{html}");
    }
}
