//! What the script's host functions share with the turns that move it on.

use super::child;
use super::clocks::Budget;
use super::modules::Files;
use super::wire::Wire;
use crate::frames::Opening;
use crate::limits;
use rquickjs::{Ctx, Persistent, Value};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Instant;

/// The worker's own side of a script.
pub struct State {
    pub files: Rc<Files>,
    pub budget: Budget,
    pub wire: Wire,
    pub is_done: Cell<bool>,
    begun: Cell<Instant>,
    frozen_ms: Cell<Option<f64>>,
    random: Cell<u64>,
    rejected: RefCell<Vec<Rejected>>,
}

/// A promise that was rejected and that nobody has handled so far.
struct Rejected {
    promise: Persistent<Value<'static>>,
    reason: Persistent<Value<'static>>,
}

impl State {
    /// The state of a script that is about to be loaded.
    pub fn new(files: Files) -> Self {
        Self {
            files: Rc::new(files),
            budget: Budget::default(),
            wire: Wire::default(),
            is_done: Cell::new(false),
            begun: Cell::new(Instant::now()),
            frozen_ms: Cell::new(None),
            random: Cell::new(getrandom::u64().unwrap_or_default()),
            rejected: RefCell::default(),
        }
    }

    /// Renews what each step has for itself.
    pub fn begin_step(&self, opening: &Opening) -> io::Result<()> {
        self.begun.set(Instant::now());
        self.frozen_ms
            .set(opening.frozen_us.map(|micros| (micros / 1000) as f64));
        self.random.set(match opening.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(io::Error::other)?,
        });
        self.budget.renew(limits::PROCESSOR_TIME);
        Ok(())
    }

    /// Whether running code has to stop, its processor time being spent. Ends the process if nobody waits for it any more.
    pub fn must_stop(&self) -> bool {
        self.budget.check(|| {
            if self.wire.is_abandoned() {
                child::end(1);
            }
        })
    }

    /// Milliseconds since the step began, for timers.
    pub fn elapsed_ms(&self) -> f64 {
        self.begun.get().elapsed().as_secs_f64() * 1000.0
    }

    /// Where the script's clock stands still, if it does, in milliseconds since 1970.
    pub fn frozen_ms(&self) -> Option<f64> {
        self.frozen_ms.get()
    }

    /// The next random number, from 0 up to 1 (SplitMix64).
    pub fn random(&self) -> f64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Notes a promise that was rejected while nobody listened.
    pub fn note_rejected<'js>(&self, ctx: &Ctx<'js>, promise: Value<'js>, reason: Value<'js>) {
        self.rejected.borrow_mut().push(Rejected {
            promise: Persistent::save(ctx, promise),
            reason: Persistent::save(ctx, reason),
        });
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
