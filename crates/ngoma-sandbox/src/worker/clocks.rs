//! Processor time, and the limit the script's code runs under.

use std::cell::Cell;
use std::time::Duration;

/// Counts the processor time of running code against its limit.
#[derive(Debug, Default)]
pub struct Budget {
    ends_at: Cell<Duration>,
    is_spent: Cell<bool>,
    /// When the code next has to look up from its work.
    looks_up_at: Cell<Duration>,
}

/// How much code runs between looks at what happens outside.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

impl Budget {
    /// Gives the code this much from now on.
    pub fn renew(&self, amount: Duration) {
        self.ends_at.set(thread_time() + amount);
        self.is_spent.set(false);
    }

    /// Looks at the clock. Once spent it stays so: code that runs while an error is described is stopped as well.
    pub fn check(&self, look_up: impl FnOnce()) -> bool {
        if self.is_spent.get() {
            return true;
        }
        let now = thread_time();
        self.is_spent.set(now > self.ends_at.get());
        if now >= self.looks_up_at.get() {
            self.looks_up_at.set(now + BETWEEN_LOOKS);
            look_up();
        }
        self.is_spent.get()
    }

    /// Whether the limit was reached when last looked at.
    pub fn is_spent(&self) -> bool {
        self.is_spent.get()
    }
}

/// The processor time this thread has used.
fn thread_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one struct that lives until the call returns.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}
