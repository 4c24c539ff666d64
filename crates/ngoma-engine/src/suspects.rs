//! Work whose step may have ended a process: it is tried again alone, and not for ever.

use tokio::sync::{Semaphore, SemaphorePermit};

/// How often a step is begun before what it is about is given up.
pub(crate) const STEP_ATTEMPTS: u32 = 3;
/// From so many attempts on a step runs alone among its like: when the process ends again, it is known which it was.
const ALONE_FROM: u32 = 2;

/// Lets suspects run one at a time.
pub(crate) struct Suspects(Semaphore);

impl Default for Suspects {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Suspects {
    /// Waits for the end of the suspect before, if what was begun so often before is one.
    pub(crate) async fn alone(&self, attempts: u32) -> Option<SemaphorePermit<'_>> {
        if attempts < ALONE_FROM {
            return None;
        }
        self.0.acquire().await.ok()
    }
}

/// Why something is given up whose steps ended their processes.
pub(crate) fn ended_too_many(attempts: u32) -> String {
    format!("the process ended {attempts} times while a step ran")
}
