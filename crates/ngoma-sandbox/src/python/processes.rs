//! Who a worker in Python is, and how many processes that user may have: a service that forks without end hurts itself.

use super::limits;
use crate::worker::become_nobody;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::MetadataExt;

/// Users that no system gives to anybody: systemd's table of them leaves 1879048192 to 2147483647 unused.
const FIRST_OWN_USER: u32 = 0x7000_0000;
const OWN_USERS: u32 = 0x0fff_ffff;

/// Gives up root for a user that nobody else is; where there is no such user, for nobody.
pub fn become_somebody() -> io::Result<()> {
    let is_alone = geteuid().is_root() && become_own_user().is_ok();
    if !is_alone {
        become_nobody();
    }
    let most = match is_alone {
        true => limits::PROCESSES,
        false => limits::SHARED_PROCESSES + tasks_of(geteuid()),
    };
    let (_, hard) = getrlimit(Resource::RLIMIT_NPROC)?;
    let most = most.min(hard);
    Ok(setrlimit(Resource::RLIMIT_NPROC, most, most)?)
}

/// How many processes and threads a user has.
fn tasks_of(user: Uid) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_of_user = |entry: &DirEntry| entry.metadata().is_ok_and(|metadata| metadata.uid() == user.as_raw());
    let tasks = |entry: DirEntry| fs::read_dir(entry.path().join("task")).map_or(0, Iterator::count);
    processes.filter(is_of_user).map(tasks).map(|count| count as u64).sum()
}

fn become_own_user() -> io::Result<()> {
    let number = FIRST_OWN_USER + getrandom::u32().map_err(io::Error::other)? % OWN_USERS;
    let (gid, uid) = (Gid::from_raw(number), Uid::from_raw(number));
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    Ok(setresuid(uid, uid, uid)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_and_threads_of_a_user_are_counted() {
        assert!(tasks_of(geteuid()) >= 1);
        assert_eq!(tasks_of(Uid::from_raw(FIRST_OWN_USER - 1)), 0);
    }
}
