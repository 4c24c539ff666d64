//! What a handler takes to answer with a page.

use crate::AppError;
use crate::request_id::RequestId;
use crate::templates::Templates;
use crate::theme::Theme;
use axum::extract::FromRequestParts;
use axum::response::Html;
use http::request::Parts;
use serde::Serialize;

/// The page being asked for: renders templates with what every page knows (`theme`, `path`, `request_id`).
#[derive(Clone)]
pub struct Page {
    templates: Option<Templates>,
    theme: Theme,
    path: String,
    request_id: String,
}

#[derive(Serialize)]
struct Context<'a, C: Serialize> {
    theme: Theme,
    path: &'a str,
    request_id: &'a str,
    #[serde(flatten)]
    own: C,
}

impl Page {
    /// The page a request asks for.
    pub fn of(parts: &Parts) -> Self {
        Self {
            templates: parts.extensions.get::<Templates>().cloned(),
            theme: Theme::of(&parts.headers),
            path: parts.uri.path().to_owned(),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map(|id| id.0.clone())
                .unwrap_or_default(),
        }
    }

    /// Renders a template with a handler's own values.
    pub fn render(&self, template: &str, own: impl Serialize) -> Result<Html<String>, AppError> {
        let templates = self
            .templates
            .as_ref()
            .ok_or_else(|| AppError::internal("the handler is in no site"))?;
        let context = Context {
            theme: self.theme,
            path: &self.path,
            request_id: &self.request_id,
            own,
        };
        templates
            .render(template, context)
            .map(Html)
            .map_err(AppError::internal)
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AppError> {
        Ok(Self::of(parts))
    }
}
