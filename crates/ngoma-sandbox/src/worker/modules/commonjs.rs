//! Runs CommonJS files, and ES modules that CommonJS asks for.

use super::files::{Files, Kind};
use crate::worker::places;
use rquickjs::context::EvalOptions;
use rquickjs::function::This;
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Exception, Function, Module, Object, Result, Value};

/// What stands before the code of a file, on its first line.
const HEADER: &str = "(function (exports, require, module, __filename, __dirname) {";

/// Compiles a CommonJS file to the function that runs it, or a file of JSON or text to its text.
pub fn compile<'js>(ctx: &Ctx<'js>, files: &Files, path: &str) -> Result<Value<'js>> {
    let prepared = files
        .prepare(path)
        .map_err(|failure| places::throw_failure(ctx, &failure))?;
    if matches!(prepared.kind, Kind::Json | Kind::Text) {
        let text = rquickjs::String::from_str(ctx.clone(), &prepared.code)?;
        return Ok(text.into_value());
    }
    files.note_header(path, HEADER.len());
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(path.to_owned());
    ctx.eval_with_options(format!("{HEADER}{}\n}})", prepared.code), options)
}

/// Runs an ES module for `require`, as Node does: a module that awaits at its top level cannot be had at once.
pub fn import_now<'js>(ctx: &Ctx<'js>, path: &str) -> Result<Value<'js>> {
    let source = format!(
        "import * as all from {:?}; import.meta.out.all = all;",
        format!("/{path}")
    );
    let module = Module::declare(ctx.clone(), format!("{path}?require"), source)?;
    let out = Object::new(ctx.clone())?;
    module.meta()?.set("out", out.clone())?;
    let (_, promise) = module.eval()?;
    match promise.state() {
        PromiseState::Pending => {
            let message = format!("{path} awaits at its top level: import it instead");
            Err(Exception::throw_message(ctx, &message))
        }
        _ => {
            // The caller hears of a failure: it is not a rejection that nobody handled.
            let ignore = Function::new(ctx.clone(), || ())?;
            promise
                .then()?
                .call::<_, ()>((This(promise.clone()), ignore.clone(), ignore))?;
            promise.finish::<()>()?;
            out.get("all")
        }
    }
}
