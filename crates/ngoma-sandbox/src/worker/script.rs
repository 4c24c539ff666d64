//! A service's code in the JavaScript engine: loaded once, then moved on turn by turn in each forked step.

use super::Planted;
use super::globals::{self, Hooks};
use super::modules::{CommonJs, FileLoader, FileResolver, Files, Kind};
use super::places;
use super::state::State;
use super::wire::Wire;
use crate::frames::{Failure, Loading, Opening};
use crate::limits::{Limits, Profile};
use rquickjs::context::EvalOptions;
use rquickjs::function::IntoArgs;
use rquickjs::promise::PromiseState;
use rquickjs::{Context, Ctx, Error, FromJs, Function, Module, Persistent, Promise, Runtime};
use std::io;
use std::mem::ManuallyDrop;
use std::rc::Rc;

/// A loaded service. The engine is never torn down: its process ends instead.
pub struct Script {
    runtime: ManuallyDrop<Runtime>,
    context: ManuallyDrop<Context>,
    state: Rc<State>,
    hooks: Hooks,
    /// What the main module's top level awaits, if it is a module.
    main: Option<Persistent<Promise<'static>>>,
}

impl Script {
    /// Loads a service.
    pub fn load(files: Files, loading: &Loading, planted: &[Planted]) -> Result<Self, Failure> {
        let state = Rc::new(State::new(files, loading.profile.limits()));
        state
            .set_scene(&loading.scene)
            .map_err(|error| Failure::new(error.to_string()))?;
        state.budget.renew(state.limits.processor_time);
        let commonjs = CommonJs::default();
        let (runtime, context) = engine(&state, &commonjs).map_err(|error| Failure::new(error.to_string()))?;
        let hooks = context
            .with(|ctx| globals::install(&ctx, &state, &commonjs, planted))
            .map_err(|error| Failure::new(error.to_string()))?;
        let mut script = Self {
            runtime,
            context,
            state,
            hooks,
            main: None,
        };
        script.main = script.run_main()?;
        script.settle()?;
        script.is_loading()?;
        script.runtime.run_gc();
        if loading.profile == Profile::Step {
            script.state.files.pack();
        }
        Ok(script)
    }

    /// The line to the host.
    pub fn wire(&self) -> &Wire {
        &self.state.wire
    }

    /// How much it may use.
    pub fn limits(&self) -> &Limits {
        &self.state.limits
    }

    /// Makes the loaded state this step's own: its clock, its random numbers, its limits.
    pub fn begin_step(&self, opening: &Opening) -> io::Result<()> {
        self.runtime.set_gc_threshold(self.limits().collect_above_bytes);
        self.state.begin_step(opening)
    }

    /// Whether the script said that it is done.
    pub fn is_done(&self) -> bool {
        self.state.is_done.get()
    }

    /// Whether the main module still awaits something at its top level.
    pub fn is_loading(&self) -> Result<bool, Failure> {
        let Some(main) = self.main.clone() else {
            return Ok(false);
        };
        self.with(|ctx| {
            let main = main.restore(ctx)?;
            match main.state() {
                PromiseState::Pending => Ok(true),
                _ => main.finish::<()>().map(|()| false),
            }
        })
    }

    /// Hands the script the step's command.
    pub fn deliver(&self, line: &str) -> Result<(), Failure> {
        self.venture(&self.hooks.deliver, (line,))
    }

    /// Hands the script the reply to a request, which came at this moment in microseconds since 1970.
    pub fn handle_reply(&self, line: &str, at_us: i64) -> Result<(), Failure> {
        self.state.clock.move_to_moment(at_us);
        self.venture(&self.hooks.handle_reply, (line,))
    }

    /// Takes what is due by this moment of the step, or by now; how many functions that is.
    pub fn begin_turn(&self, at_us: Option<i64>) -> Result<usize, Failure> {
        let by_ms = self.state.clock.elapsed_by(at_us);
        self.call(&self.hooks.begin_turn, (by_ms,))
    }

    /// Runs one of them.
    pub fn run_one(&self) -> Result<(), Failure> {
        self.venture(&self.hooks.run_one, ())
    }

    /// Milliseconds until something is to run; infinite if only replies can come, negative if nothing will.
    pub fn idle_for(&self) -> Result<f64, Failure> {
        self.call(&self.hooks.idle_for, ())
    }

    /// Runs promise jobs until there are none, as after every function the engine was asked to run.
    pub fn settle(&self) -> Result<(), Failure> {
        loop {
            self.run_jobs()?;
            if self.state.budget.is_spent() {
                return Err(Failure::new(self.limits().processor_time_spent()));
            }
            let Some(reason) = self.state.take_rejected() else {
                return Ok(());
            };
            self.context.with(|ctx| {
                let thrown = reason.restore(&ctx).map(|reason| ctx.throw(reason));
                self.survive(&ctx, &thrown.unwrap_or_else(|error| error))
            })?;
        }
    }

    fn run_jobs(&self) -> Result<(), Failure> {
        loop {
            match self.runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(job) => job.0.with(|ctx| self.survive(&ctx, &Error::Exception))?,
            }
        }
    }

    /// Whether the heap is so full that promises may have been lost: the engine needs memory to go on with them.
    pub fn is_heap_full(&self) -> bool {
        let used = usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or(0);
        used > self.limits().heap_bytes / 4 * 3
    }

    fn run_main(&self) -> Result<Option<Persistent<Promise<'static>>>, Failure> {
        let files = &self.state.files;
        let path = files.main();
        let prepared = files.prepare(path)?;
        self.call::<_, ()>(&self.hooks.prepare_main, (path,))?;
        self.with(|ctx| match prepared.kind {
            Kind::Module => {
                let (_, promise) = Module::declare(ctx.clone(), path, prepared.code)?.eval()?;
                Ok(Some(Persistent::save(ctx, promise)))
            }
            Kind::Script => {
                let mut options = EvalOptions::default();
                options.strict = false;
                options.filename = Some(path.to_owned());
                ctx.eval_with_options::<(), _>(prepared.code, options)?;
                Ok(None)
            }
            Kind::Json | Kind::Text => {
                let problem = "a service starts with code, not with data";
                Err(places::throw_at(ctx, "Error", problem, path))
            }
        })
    }

    fn call<A, R>(&self, hook: &Persistent<Function<'static>>, args: A) -> Result<R, Failure>
    where
        A: for<'js> IntoArgs<'js>,
        R: for<'js> FromJs<'js>,
    {
        let hook = hook.clone();
        self.with(|ctx| hook.restore(ctx)?.call(args))
    }

    /// Calls a hook that runs the service's own code.
    fn venture<A>(&self, hook: &Persistent<Function<'static>>, args: A) -> Result<(), Failure>
    where
        A: for<'js> IntoArgs<'js>,
    {
        let hook = hook.clone();
        self.context.with(|ctx| {
            let run = hook.restore(&ctx).and_then(|hook| hook.call::<_, ()>(args));
            run.or_else(|error| self.survive(&ctx, &error))
        })
    }

    /// What the service's code did not catch ends the step, unless a built-in library wants to hear of it.
    fn survive(&self, ctx: &Ctx<'_>, error: &Error) -> Result<(), Failure> {
        let listener = self.state.uncaught.borrow().clone();
        let Some(listener) = listener.filter(|_| !self.state.budget.is_spent()) else {
            return Err(self.said(ctx, error));
        };
        let is_overdue = self.state.budget.take_overdue();
        let thrown = ctx.catch();
        let heard = listener
            .restore(ctx)
            .and_then(|listener| listener.call::<_, ()>((thrown, is_overdue)));
        heard.map_err(|error| self.said(ctx, &error))
    }

    fn with<R>(&self, run: impl FnOnce(&Ctx<'_>) -> rquickjs::Result<R>) -> Result<R, Failure> {
        self.context
            .with(|ctx| run(&ctx).map_err(|error| self.said(&ctx, &error)))
    }

    /// Why the engine stopped, for the author.
    fn said(&self, ctx: &Ctx<'_>, error: &Error) -> Failure {
        let mut failure = match error {
            Error::Exception => places::describe(ctx, &self.state, &ctx.catch()),
            other => Failure::new(other.to_string()),
        };
        if self.state.budget.is_spent() {
            failure.message = self.limits().processor_time_spent();
            self.state.files.move_to_loop(&mut failure);
        }
        failure.cut()
    }
}

/// The engine under its limits.
fn engine(state: &Rc<State>, commonjs: &CommonJs) -> rquickjs::Result<(ManuallyDrop<Runtime>, ManuallyDrop<Context>)> {
    let runtime = ManuallyDrop::new(Runtime::new()?);
    runtime.set_memory_limit(state.limits.heap_bytes);
    runtime.set_max_stack_size(state.limits.stack_bytes);
    let watched = Rc::clone(state);
    runtime.set_interrupt_handler(Some(Box::new(move || watched.must_stop())));
    let watched = Rc::clone(state);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, is_handled| {
        if is_handled {
            watched.forget_rejected(&ctx, &promise);
        } else {
            watched.note_rejected(&ctx, promise, reason);
        }
    })));
    let resolver = FileResolver(Rc::clone(&state.files));
    let loader = FileLoader {
        files: Rc::clone(&state.files),
        commonjs: Rc::clone(commonjs),
    };
    runtime.set_loader(resolver, loader);
    let context = ManuallyDrop::new(Context::full(&runtime)?);
    Ok((runtime, context))
}
