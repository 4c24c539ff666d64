//! What the script's host functions share with the turns that move it on.

use super::child;
use super::clocks::Budget;
use super::modules::Files;
use super::scene::{Random, ScriptClock};
use super::wire::Wire;
use crate::frames::{Opening, Scene};
use crate::limits::Limits;
use rquickjs::{Ctx, Function, Persistent, Value};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

/// The worker's own side of a script.
pub struct State {
    pub files: Rc<Files>,
    pub limits: Limits,
    pub budget: Budget,
    pub wire: Wire,
    pub is_done: Cell<bool>,
    pub clock: ScriptClock,
    random: Random,
    rejected: RefCell<Vec<Rejected>>,
    thrown: RefCell<Option<Thrown>>,
    /// The function of a built-in library that wants to hear of failures, rather than that they end the step.
    pub uncaught: RefCell<Option<Persistent<Function<'static>>>>,
}

/// A promise that was rejected and that nobody has handled so far.
struct Rejected {
    promise: Persistent<Value<'static>>,
    reason: Persistent<Value<'static>>,
}

/// What was thrown last that is no error, and where: file, line and column.
struct Thrown {
    value: Persistent<Value<'static>>,
    place: (String, u32, u32),
}

impl State {
    /// The state of a script that is about to be loaded.
    pub fn new(files: Files, limits: Limits) -> Self {
        Self {
            files: Rc::new(files),
            limits,
            budget: Budget::default(),
            wire: Wire::new(limits),
            uncaught: RefCell::default(),
            is_done: Cell::new(false),
            clock: ScriptClock::default(),
            random: Random::default(),
            rejected: RefCell::default(),
            thrown: RefCell::default(),
        }
    }

    /// Renews what each step has for itself.
    pub fn begin_step(&self, opening: &Opening) -> io::Result<()> {
        self.set_scene(&opening.scene)?;
        self.budget.renew(self.limits.processor_time);
        Ok(())
    }

    /// Sets the clock, and where random numbers come from.
    pub fn set_scene(&self, scene: &Scene) -> io::Result<()> {
        self.clock.begin(scene);
        self.random.begin(scene)
    }

    /// Whether running code has to stop, its processor time being spent. Ends the process if nobody waits for it any more.
    pub fn must_stop(&self) -> bool {
        self.budget.check(|| {
            if self.wire.is_abandoned() {
                child::end(1);
            }
        })
    }

    /// The next random number, from 0 up to 1.
    pub fn random(&self) -> f64 {
        self.random.number()
    }

    /// The next random bytes, which nobody can guess.
    pub fn random_bytes(&self, count: usize) -> Vec<u8> {
        self.random.bytes(count)
    }

    /// Notes a promise that was rejected while nobody listened.
    pub fn note_rejected<'js>(&self, ctx: &Ctx<'js>, promise: Value<'js>, reason: Value<'js>) {
        self.rejected.borrow_mut().push(Rejected {
            promise: Persistent::save(ctx, promise),
            reason: Persistent::save(ctx, reason),
        });
    }

    /// Notes where something was thrown that is no error.
    pub fn note_thrown<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>, place: (String, u32, u32)) {
        let value = Persistent::save(ctx, value);
        self.thrown.replace(Some(Thrown { value, place }));
    }

    /// Where this was thrown, if it was thrown last.
    pub fn place_of_thrown<'js>(&self, ctx: &Ctx<'js>, value: &Value<'js>) -> Option<(String, u32, u32)> {
        let thrown = self.thrown.borrow();
        let thrown = thrown.as_ref()?;
        let is_it = thrown.value.clone().restore(ctx).is_ok_and(|known| known == *value);
        is_it.then(|| thrown.place.clone())
    }

    /// Forgets it: somebody listens after all.
    pub fn forget_rejected<'js>(&self, ctx: &Ctx<'js>, promise: &Value<'js>) {
        let is_it = |rejected: &Rejected| {
            rejected
                .promise
                .clone()
                .restore(ctx)
                .is_ok_and(|known| known == *promise)
        };
        self.rejected.borrow_mut().retain(|rejected| !is_it(rejected));
    }

    /// Why the first promise failed that nobody handled.
    pub fn take_rejected(&self) -> Option<Persistent<Value<'static>>> {
        let first = self.rejected.take().into_iter().next();
        first.map(|rejected| rejected.reason)
    }
}
