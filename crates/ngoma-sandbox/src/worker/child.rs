//! One step, in a process of its own that ends with it.

use super::lockdown;
use super::script::Script;
use super::syscalls;
use super::turns::{self, Ending, Problem};
use super::wire::Wire;
use crate::frames::{Failure, Opening};
use crate::limits;
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::BpfProgram;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Runs the step that the host describes on this socket, and ends the process.
pub fn run(socket: OwnedFd, script: &Script, filter: &BpfProgram) -> ! {
    let code = i32::from(step(socket, script, filter).is_err());
    end(code)
}

/// Ends the process at once: its memory goes back whole, without being tidied.
pub fn end(code: i32) -> ! {
    // SAFETY: ends the process without running exit handlers; nothing of ours needs them.
    unsafe { libc::_exit(code) }
}

fn step(socket: OwnedFd, script: &Script, filter: &BpfProgram) -> io::Result<()> {
    lockdown::die_with_parent()?;
    let begun = Instant::now();
    script.wire().connect(socket);
    let opening: Opening = serde_json::from_str(&first_line(script.wire())?)?;
    let wall_limit = Duration::from_millis(opening.wall_ms);
    limit_time(wall_limit, script.limits().processor_time_hard)?;
    syscalls::install(filter)?;
    let command = first_line(script.wire())?;
    script.begin_step(&opening)?;
    match turns::run(script, &command, begun + wall_limit) {
        Ok(Ending::Done) => {}
        Ok(Ending::Dry) if script.is_heap_full() => {
            script
                .wire()
                .end_with("js.error", &Failure::new(script.limits().out_of_memory()));
        }
        Ok(Ending::Dry) => script.wire().end_with("js.idle", &Failure::default()),
        Err(Problem::Thrown(failure)) => script.wire().end_with("js.error", &failure),
        Err(Problem::TooLong) => {
            let failure = Failure::new(limits::wall_time_spent(wall_limit));
            script.wire().end_with("js.error", &failure);
        }
        Err(Problem::Gone(error)) => return Err(error),
    }
    script.wire().flush()
}

fn first_line(wire: &Wire) -> io::Result<String> {
    loop {
        if let Some(line) = wire.take_line() {
            return Ok(line);
        }
        wire.wait(None)?;
    }
}

/// What the kernel enforces should the JavaScript engine's own limits not be looked at.
fn limit_time(wall_limit: Duration, processor_limit: Duration) -> io::Result<()> {
    set_timer(libc::ITIMER_REAL, wall_limit + limits::WALL_GRACE)?;
    set_timer(libc::ITIMER_PROF, processor_limit)?;
    let seconds = processor_limit.as_secs() + 1;
    setrlimit(Resource::RLIMIT_CPU, seconds, seconds + 1)?;
    setrlimit(Resource::RLIMIT_NPROC, 0, 0)?;
    Ok(())
}

fn set_timer(which: libc::c_int, after: Duration) -> io::Result<()> {
    let once = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let timer = libc::itimerval {
        it_interval: once,
        it_value: libc::timeval {
            tv_sec: libc::time_t::try_from(after.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_usec: libc::suseconds_t::from(after.subsec_micros()),
        },
    };
    // SAFETY: the kernel reads one struct that lives until the call returns.
    match unsafe { libc::setitimer(which, &timer, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
