//! Gives the JavaScript engine the ES modules it asks for.

use super::files::{Files, Kind, Prepared};
use super::resolve::Importer;
use crate::worker::places;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Function, Module, Object, Persistent, Result, Value};
use std::cell::OnceCell;
use std::rc::Rc;

/// Finds the file of an import.
pub struct FileResolver(pub Rc<Files>);

/// Loads it.
pub struct FileLoader {
    pub files: Rc<Files>,
    pub commonjs: CommonJs,
}

/// The bootstrap's function that runs a CommonJS or JSON file and returns its exports.
pub type CommonJs = Rc<OnceCell<Persistent<Function<'static>>>>;

impl Resolver for FileResolver {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        self.0.resolve(base, name, Importer::Module).ok_or_else(|| {
            let message = format!("cannot find the module '{name}'");
            let line = self.0.line_that_names(base, name).unwrap_or(1);
            places::throw_at(ctx, "Error", &message, &format!("{base}:{line}:1"))
        })
    }
}

impl Loader for FileLoader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let Prepared { code, kind } = self
            .files
            .prepare(name)
            .map_err(|failure| places::throw_failure(ctx, &failure))?;
        match kind {
            Kind::Module => Module::declare(ctx.clone(), name, code),
            Kind::Script | Kind::Json | Kind::Text => self.wrap(ctx, name),
        }
    }
}

impl FileLoader {
    /// A module around the exports of CommonJS: its `default` is all of them, and each that has a name is one.
    fn wrap<'js>(&self, ctx: &Ctx<'js>, path: &str) -> Result<Module<'js, Declared>> {
        let run = self
            .commonjs
            .get()
            .cloned()
            .ok_or_else(|| Exception::throw_internal(ctx, "modules are not ready"))?;
        let exports: Value = run.restore(ctx)?.call((path,))?;
        let names: Vec<String> = match exports.as_object() {
            Some(exports) => exports
                .keys::<String>()
                .flatten()
                .filter(|name| is_identifier(name))
                .collect(),
            None => Vec::new(),
        };
        let mut code = String::from("const all = import.meta.exports;\nexport default all;\n");
        for (index, name) in names.iter().enumerate() {
            code += &format!("const _{index} = all.{name};\nexport {{ _{index} as {name} }};\n");
        }
        let module = Module::declare(ctx.clone(), path, code)?;
        let meta: Object = module.meta()?;
        meta.set("exports", exports)?;
        Ok(module)
    }
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$')
        && name != "default"
}
