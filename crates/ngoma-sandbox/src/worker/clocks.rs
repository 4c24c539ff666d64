//! Processor time, and the limit the script's code runs under.

use crate::limits;
use std::cell::Cell;
use std::time::Duration;

/// Counts the processor time of running code against its limit.
#[derive(Debug, Default)]
pub struct Budget {
    ends_at: Cell<Duration>,
    is_spent: Cell<bool>,
    /// When what is being watched has had its time.
    watch_ends_at: Cell<Option<Duration>>,
    is_overdue: Cell<bool>,
    /// When the code next has to look up from its work.
    looks_up_at: Cell<Duration>,
    /// When it has to give way to others' code, unless it does already.
    gives_way_at: Cell<Option<Duration>>,
}

/// How much code runs between looks at what happens outside.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl Budget {
    /// Gives the code this much from now on.
    pub fn renew(&self, amount: Duration) {
        self.ends_at.set(thread_time() + amount);
        self.is_spent.set(false);
        self.gives_way_at.set(Some(thread_time() + limits::GIVES_WAY_AFTER));
    }

    /// Looks at the clock. Once spent it stays so: code that runs while an error is described is stopped as well.
    pub fn check(&self, look_up: impl FnOnce()) -> bool {
        if self.is_spent.get() || self.is_overdue.get() {
            return true;
        }
        let now = thread_time();
        self.is_spent.set(now > self.ends_at.get());
        self.is_overdue
            .set(self.watch_ends_at.get().is_some_and(|ends_at| now > ends_at));
        if now >= self.looks_up_at.get() {
            self.looks_up_at.set(now + BETWEEN_LOOKS);
            look_up();
            if self.gives_way_at.get().is_some_and(|at| now >= at) {
                self.gives_way_at.set(None);
                give_way();
            }
        }
        self.is_spent.get() || self.is_overdue.get()
    }

    /// Stops the code that runs now after this much, or no more.
    pub fn watch(&self, amount: Option<Duration>) {
        self.watch_ends_at.set(amount.map(|amount| thread_time() + amount));
    }

    /// Whether the code was stopped because what was watched had had its time. It is not watched any more.
    pub fn take_overdue(&self) -> bool {
        self.watch_ends_at.set(None);
        self.is_overdue.replace(false)
    }

    /// Whether the limit was reached when last looked at.
    pub fn is_spent(&self) -> bool {
        self.is_spent.get()
    }
}

/// Leaves the processors to whoever else wants them from now on: code that takes long must not slow down the short steps
/// of other services. Without leave of the system it goes on as before.
fn give_way() {
    let nothing = libc::sched_param { sched_priority: 0 };
    // SAFETY: a system call about this process alone, which reads one struct that lives until it returns.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const nothing) };
}

/// The processor time this thread has used.
fn thread_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one struct that lives until the call returns.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}
