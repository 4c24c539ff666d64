//! Figures of a busy machine mean little: waiting until others leave it alone.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::{cpu, progress};

/// How many processors others may use.
const QUIET_CORES: f64 = 0.3;
const LOOK: Duration = Duration::from_millis(500);
/// How often to look before going on all the same.
const LOOKS: u32 = 40;

/// Waits a while for a quiet machine; when there is none, says so and goes on. Call it while nothing of the bench's own
/// runs.
pub fn wait() -> Result<()> {
    let mut busy = 0.0;
    for _ in 0..LOOKS {
        busy = busy_cores()?;
        if busy < QUIET_CORES {
            return Ok(());
        }
    }
    progress(&format!(
        "the machine is not quiet: others use {busy:.1} of its processors, rates will be too low"
    ));
    Ok(())
}

fn busy_cores() -> Result<f64> {
    let before = cpu::of_machine()?;
    thread::sleep(LOOK);
    let used = cpu::of_machine()?.saturating_sub(before);
    Ok(used.as_secs_f64() / LOOK.as_secs_f64())
}
