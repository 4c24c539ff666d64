//! Gives up what a worker does not need, before it reads a byte of a service's code.

use super::syscalls;
use crate::limits;
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, Scope};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{self, Gid, Uid};
use std::io;

/// Who nobody is, on Debian and elsewhere.
const NOBODY: u32 = 65534;

/// Confines this process for good. What it loads afterwards may compute, and talk on the sockets it holds.
pub fn confine() -> io::Result<()> {
    read_time_zone();
    crash_plainly()?;
    become_nobody();
    prctl::set_dumpable(false)?;
    prctl::set_no_new_privs()?;
    die_with_parent()?;
    limit_resources()?;
    forget_the_file_system();
    syscalls::install(&syscalls::for_worker()?)
}

/// Ties this process's life to its parent's. A parent that is gone already has closed its socket, which ends us too.
pub fn die_with_parent() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)
}

/// Hands memory that loading took back to the system: it would count against every idle worker.
pub fn give_back_memory() {
    // SAFETY: only looks at the allocator's own books; this process has one thread.
    unsafe { libc::malloc_trim(0) };
}

/// Has the C library read its time zone file: afterwards it could not.
fn read_time_zone() {
    let epoch = 0;
    // SAFETY: both structs live until the call returns, and all zeros is a valid `tm`.
    unsafe { libc::localtime_r(&epoch, &mut std::mem::zeroed()) };
}

/// Takes away the handlers that Rust's runtime has for crashes: under the filter they would look like an escape.
fn crash_plainly() -> io::Result<()> {
    for crash in [Signal::SIGSEGV, Signal::SIGBUS] {
        // SAFETY: the default action runs no code of ours.
        unsafe { signal(crash, SigHandler::SigDfl) }?;
    }
    Ok(())
}

/// Drops root where it was given. In a user namespace without such a user the worker stays who it is.
pub fn become_nobody() {
    if !unistd::geteuid().is_root() {
        return;
    }
    let (gid, uid) = (Gid::from_raw(NOBODY), Uid::from_raw(NOBODY));
    let _ = unistd::setgroups(&[]);
    let _ = unistd::setresgid(gid, gid, gid);
    let _ = unistd::setresuid(uid, uid, uid);
}

fn limit_resources() -> io::Result<()> {
    for (resource, limit) in [
        (Resource::RLIMIT_NOFILE, 16),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_MEMLOCK, 0),
        (Resource::RLIMIT_AS, limits::ADDRESS_SPACE_BYTES),
    ] {
        setrlimit(resource, limit, limit)?;
    }
    Ok(())
}

/// Landlock, as far as this kernel has it: no file, no port, no signal to others. The system call filter stands without it.
fn forget_the_file_system() {
    let abi = ABI::V6;
    let confined = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(abi)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(|ruleset| ruleset.restrict_self());
    drop(confined);
}
