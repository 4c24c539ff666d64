//! How a process ended, in words for a service's author.

use crate::frames::Death;
use crate::limits;
use ngoma_engine::service::Step;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Why a step's process ended.
pub fn of_step(death: Option<Death>, step: &Step) -> String {
    match death {
        Some(Death::Signal(libc::SIGXCPU | libc::SIGPROF)) => limits::processor_time_spent(),
        Some(Death::Signal(libc::SIGALRM)) => limits::wall_time_spent(step.wall_limit),
        Some(Death::Signal(libc::SIGSYS)) => {
            "the service was stopped by the sandbox: it tried what no service may do".to_owned()
        }
        Some(Death::Signal(libc::SIGKILL)) => {
            "the service's process was killed: the machine may be out of memory".to_owned()
        }
        Some(Death::Signal(signal)) => format!("the service's process crashed (signal {signal})"),
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
