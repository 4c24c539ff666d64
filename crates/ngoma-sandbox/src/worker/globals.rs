//! The functions between the bootstrap's JavaScript and the worker.

use super::modules::{self, CommonJs, Importer, Kind};
use super::natives;
use super::state::State;
use super::{Planted, child};
use crate::frames::Failure;
use rquickjs::context::EvalOptions;
use rquickjs::{Ctx, Exception, Function, Object, Persistent, Result, Value};
use std::rc::Rc;

const BOOTSTRAP: &str = include_str!("js/bootstrap.js");

/// The bootstrap's functions that move a step on.
pub struct Hooks {
    pub deliver: Hook,
    pub handle_reply: Hook,
    pub begin_turn: Hook,
    pub run_one: Hook,
    pub idle_for: Hook,
    pub prepare_main: Hook,
}

/// A function kept across turns.
type Hook = Persistent<Function<'static>>;

/// Runs the bootstrap.
pub fn install(ctx: &Ctx<'_>, state: &Rc<State>, commonjs: &CommonJs, planted: &[Planted]) -> Result<Hooks> {
    let mut options = EvalOptions::default();
    options.filename = Some("ngoma:/bootstrap.js".into());
    let bootstrap: Function = ctx.eval_with_options(BOOTSTRAP, options)?;
    let hooks: Object = bootstrap.call((host(ctx, state)?,))?;
    let hook = |name: &str| -> Result<Hook> { Ok(Persistent::save(ctx, hooks.get::<_, Function>(name)?)) };
    let _ = commonjs.set(hook("requirePath")?);
    plant(ctx, planted)?;
    Ok(Hooks {
        deliver: hook("deliver")?,
        handle_reply: hook("handleReply")?,
        begin_turn: hook("beginTurn")?,
        run_one: hook("runOne")?,
        idle_for: hook("idleFor")?,
        prepare_main: hook("prepareMain")?,
    })
}

/// The object that only the bootstrap sees.
fn host<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    requests(ctx, &host, state)?;
    clock(ctx, &host, state)?;
    files(ctx, &host, state)?;
    host.set("natives", natives::natives(ctx, state)?)?;
    Ok(host)
}

fn requests<'js>(ctx: &Ctx<'js>, host: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let held = Rc::clone(state);
    let say = move |ctx: Ctx<'js>, line: String| say(&ctx, &held, &line);
    host.set("say", Function::new(ctx.clone(), say)?)?;
    let held = Rc::clone(state);
    host.set("done", Function::new(ctx.clone(), move || held.is_done.set(true))?)?;
    let held = Rc::clone(state);
    host.set("isDone", Function::new(ctx.clone(), move || held.is_done.get())?)?;
    let held = Rc::clone(state);
    let note = move |ctx: Ctx<'js>, value: Value<'js>, file: String, line: u32, column: u32| {
        held.note_thrown(&ctx, value, (file, line, column));
    };
    host.set("noteThrown", Function::new(ctx.clone(), note)?)
}

fn clock<'js>(ctx: &Ctx<'js>, host: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let held = Rc::clone(state);
    host.set("elapsed", Function::new(ctx.clone(), move || held.clock.elapsed_ms())?)?;
    let held = Rc::clone(state);
    host.set("passed", Function::new(ctx.clone(), move || held.clock.passed_ms())?)?;
    let held = Rc::clone(state);
    let move_to = move |passed_ms: f64| held.clock.move_to(passed_ms);
    host.set("moveTo", Function::new(ctx.clone(), move_to)?)?;
    let held = Rc::clone(state);
    host.set("now", Function::new(ctx.clone(), move || held.clock.now_ms())?)?;
    let held = Rc::clone(state);
    host.set("random", Function::new(ctx.clone(), move || held.random())?)
}

fn files<'js>(ctx: &Ctx<'js>, host: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let held = Rc::clone(&state.files);
    let resolve = move |ctx: Ctx<'js>, base: String, name: String| match held.resolve(&base, &name, Importer::Script) {
        None if modules::is_relative(&name) => {
            let message = format!("cannot find the module '{name}'");
            Err(Exception::throw_message(&ctx, &message))
        }
        found => Ok(found),
    };
    host.set("resolve", Function::new(ctx.clone(), resolve)?)?;
    let held = Rc::clone(&state.files);
    let is_module = move |path: String| held.kind(&path) == Kind::Module;
    host.set("isModule", Function::new(ctx.clone(), is_module)?)?;
    let held = Rc::clone(&state.files);
    let is_text = move |path: String| held.kind(&path) == Kind::Text;
    host.set("isText", Function::new(ctx.clone(), is_text)?)?;
    let is_trusted = |path: String| modules::is_trusted(&path);
    host.set("isTrusted", Function::new(ctx.clone(), is_trusted)?)?;
    let held = Rc::clone(&state.files);
    let compile = move |ctx: Ctx<'js>, path: String| -> Result<Value<'js>> { modules::compile(&ctx, &held, &path) };
    host.set("compile", Function::new(ctx.clone(), compile)?)?;
    let import = |ctx: Ctx<'js>, path: String| -> Result<Value<'js>> { modules::import_now(&ctx, &path) };
    host.set("importNow", Function::new(ctx.clone(), import)?)
}

/// Queues a line for the host. A step that says too much ends here, where no `catch` of the script can hold it.
fn say(ctx: &Ctx<'_>, state: &State, line: &str) -> Result<()> {
    let Err(too_much) = state.wire.say(line) else {
        return Ok(());
    };
    if !state.wire.is_connected() {
        return Err(Exception::throw_range(ctx, &too_much.to_string()));
    }
    state.wire.end_with("js.error", &Failure::new(too_much.to_string()));
    let flushed = state.wire.flush();
    child::end(i32::from(flushed.is_err()))
}

fn plant(ctx: &Ctx<'_>, planted: &[Planted]) -> Result<()> {
    for &(name, function) in planted {
        ctx.globals().set(name, Function::new(ctx.clone(), function)?)?;
    }
    Ok(())
}
