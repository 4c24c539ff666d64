//! How a process ended, in words for a service's author.

use crate::frames::Death;
use crate::limits::{self, Profile};
use ngoma_engine::service::Step;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

const CRASHED: &str = "the service's process crashed";

/// Whether an error says that a process crashed.
pub fn is_crash(message: &str) -> bool {
    message.starts_with(CRASHED)
}

/// Why a step's process ended.
pub fn of_step(death: Option<Death>, step: &Step) -> String {
    of_run(death, Profile::Step, step.wall_limit)
}

/// Why a process ended that ran this long at most, with the limits of this profile.
pub fn of_run(death: Option<Death>, profile: Profile, wall_limit: Duration) -> String {
    match death {
        Some(Death::Signal(libc::SIGXCPU | libc::SIGPROF)) => profile.limits().processor_time_spent(),
        Some(Death::Signal(libc::SIGALRM)) => limits::wall_time_spent(wall_limit),
        Some(Death::Signal(libc::SIGSYS)) => {
            "the service was stopped by the sandbox: it tried what no service may do".to_owned()
        }
        Some(Death::Signal(libc::SIGKILL)) => {
            "the service's process was killed: the machine may be out of memory".to_owned()
        }
        Some(Death::Signal(signal)) => format!("{CRASHED} (signal {signal})"),
        Some(Death::Code(code)) => format!("the service's process ended early (code {code})"),
        None => "the service's process ended early".to_owned(),
    }
}

/// Why a worker ended while it loaded its service.
pub fn of_load(status: Option<ExitStatus>) -> String {
    match status.and_then(|status| status.signal()) {
        Some(libc::SIGSYS) => {
            "loading the service was stopped by the sandbox: it tried what no service may do".to_owned()
        }
        Some(signal) => {
            format!("loading the service crashed its process (signal {signal}): is its code nested too deeply?")
        }
        None => "loading the service ended its process".to_owned(),
    }
}
