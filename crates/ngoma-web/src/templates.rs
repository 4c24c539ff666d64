//! Templates: minijinja over embedded folders, every value escaped.

use crate::app::NavLink;
use crate::static_files::StaticFiles;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use rust_embed::DynRustEmbed;
use serde::Serialize;
use std::sync::Arc;

/// A folder of files inside the program; debug builds read it from disk at each use.
#[derive(Clone)]
pub struct Folder(Arc<dyn DynRustEmbed + Send + Sync>);

impl Folder {
    /// The folder of a type that derives `RustEmbed`.
    pub fn of(embedded: impl DynRustEmbed + Send + Sync + 'static) -> Self {
        Self(Arc::new(embedded))
    }

    /// Every file with its name.
    pub fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.0
            .names()
            .into_iter()
            .filter_map(|name| Some((name.to_string(), self.0.get(&name)?.data.into_owned())))
    }
}

/// A template could not be used; its author needs the whole chain.
#[derive(Debug, thiserror::Error)]
#[error("template {name}: {cause:#}")]
pub struct TemplateError {
    name: String,
    cause: minijinja::Error,
}

/// Every template of a site, ready to render; cheap to clone.
#[derive(Clone)]
pub struct Templates(Arc<Loaded>);

struct Loaded {
    folders: Vec<Folder>,
    static_files: Arc<StaticFiles>,
    nav: Vec<NavLink>,
    environment: Result<Environment<'static>, (String, minijinja::Error)>,
}

impl Templates {
    /// Reads every template; a later folder's file wins over an earlier one of the same name.
    pub fn load(folders: Vec<Folder>, static_files: Arc<StaticFiles>, nav: Vec<NavLink>) -> Self {
        let environment = build_environment(&folders, &static_files, &nav);
        if let Err((name, cause)) = &environment {
            tracing::error!(template = %name, error = %cause, "template does not parse");
        }
        Self(Arc::new(Loaded {
            folders,
            static_files,
            nav,
            environment,
        }))
    }

    /// Renders a template. Debug builds read it from disk first, so that a change shows at the next reload.
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<String, TemplateError> {
        if cfg!(debug_assertions) {
            let fresh = build_environment(&self.0.folders, &self.0.static_files, &self.0.nav);
            render_in(fresh.as_ref(), name, context)
        } else {
            render_in(self.0.environment.as_ref(), name, context)
        }
    }
}

type BuildError = (String, minijinja::Error);

fn render_in(
    environment: Result<&Environment<'static>, &BuildError>,
    name: &str,
    context: impl Serialize,
) -> Result<String, TemplateError> {
    let failed = |name: &str, cause| TemplateError {
        name: name.to_owned(),
        cause,
    };
    let environment = environment
        .map_err(|(broken, cause)| failed(broken, minijinja::Error::new(cause.kind(), cause.to_string())))?;
    let template = environment.get_template(name).map_err(|cause| failed(name, cause))?;
    template.render(Serde(context)).map_err(|cause| failed(name, cause))
}

fn build_environment(
    folders: &[Folder],
    static_files: &Arc<StaticFiles>,
    nav: &[NavLink],
) -> Result<Environment<'static>, BuildError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    let files = Arc::clone(static_files);
    environment.add_function("static_url", move |name: String| {
        Value::from_safe_string(files.url(&name))
    });
    environment.add_global("nav", Value::from(Serde(nav)));
    for (name, source) in folders.iter().flat_map(Folder::files) {
        let source = String::from_utf8_lossy(&source).into_owned();
        environment
            .add_template_owned(name.clone(), source)
            .map_err(|cause| (name, cause))?;
    }
    Ok(environment)
}
