//! The system calls of a worker that runs Python, and of a step of it.
//!
//! An interpreter and its libraries try many calls and do without: what is not listed does not exist for them. What a step
//! may do less than its worker is taken away by a second filter, which the library installs before it runs a step.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;
use std::io;

/// To compute, to read files, to wait, and to talk on sockets it holds.
const WORKER: &[i64] = &[
    // Files: opening them is Landlock's to allow.
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_umask,
    libc::SYS_ftruncate,
    libc::SYS_fadvise64,
    libc::SYS_memfd_create,
    // Descriptors and waiting.
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_ioctl,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    // Sockets that are there.
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    // Memory.
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    // Time and chance.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_times,
    libc::SYS_getrusage,
    libc::SYS_getitimer,
    libc::SYS_setitimer,
    // Itself.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_futex,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // To become Python, to fork, and to bury.
    libc::SYS_execve,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_pidfd_open,
    libc::SYS_seccomp,
];

#[cfg(target_arch = "x86_64")]
const OLDER_FORMS: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_epoll_wait,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_arch_prctl,
    libc::SYS_time,
    libc::SYS_getpgrp,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_FORMS: &[i64] = &[];

/// The signals whose handling a worker may change: those of its own faults, and what Python sets as it begins.
const HANDLED: [libc::c_int; 8] = [
    libc::SIGINT,
    libc::SIGPIPE,
    libc::SIGXFSZ,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGABRT,
];

/// The flags of `clone` that a fork does without: threads share memory, namespaces are another world.
const BEYOND_FORK: libc::c_int = libc::CLONE_VM
    | libc::CLONE_PTRACE
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The filter of a worker: what it does not list fails as if this kernel did not have it.
pub fn for_worker() -> io::Result<BpfProgram> {
    let lists = WORKER.iter().chain(OLDER_FORMS);
    let mut rules: Rules = lists.map(|&call| (call, vec![])).collect();
    // Threads have all of these flags; `clone3` hides its flags in memory, and the C library does without it.
    let thread = libc::CLONE_VM | libc::CLONE_THREAD | libc::CLONE_SIGHAND;
    let clone = vec![
        rule(&[masked(0, BEYOND_FORK as u64, 0)?])?,
        rule(&[masked(0, thread as u64, thread as u64)?])?,
    ];
    rules.insert(libc::SYS_clone, clone);
    rules.insert(libc::SYS_socketpair, vec![rule(&[is(0, libc::AF_UNIX as u64)?])?]);
    // No signals by way of descriptors.
    let owning = [libc::F_SETOWN, F_SETSIG, F_SETOWN_EX];
    let others = owning.map(|command| differs(1, command as u64));
    rules.insert(
        libc::SYS_fcntl,
        vec![rule(&others.into_iter().collect::<io::Result<Vec<_>>>()?)?],
    );
    let mut handled = vec![rule(&[is_pointer(1, 0)?])?];
    for signal in HANDLED {
        handled.push(rule(&[is(0, signal as u64)?])?);
    }
    rules.insert(libc::SYS_rt_sigaction, handled);
    // Looks at limits, and a limit of its own processor time.
    let processor = [is(0, 0)?, is(1, u64::from(libc::RLIMIT_CPU))?];
    rules.insert(
        libc::SYS_prlimit64,
        vec![rule(&[is(0, 0)?, is_pointer(2, 0)?])?, rule(&processor)?],
    );
    let bound_to_parent = [is(0, libc::PR_SET_PDEATHSIG as u64)?, is(1, libc::SIGKILL as u64)?];
    let prctl = vec![
        rule(&bound_to_parent)?,
        rule(&[is(0, libc::PR_SET_SECCOMP as u64)?])?,
        rule(&[is(0, libc::PR_SET_NAME as u64)?])?,
    ];
    rules.insert(libc::SYS_prctl, prctl);
    compile(rules, SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow)
}

/// What a step may not do that its worker may: fork, become another program, get rid of its time limits.
pub fn for_step() -> io::Result<BpfProgram> {
    let mut rules = Rules::new();
    for call in [libc::SYS_execve, libc::SYS_setitimer, libc::SYS_rt_sigprocmask] {
        rules.insert(call, vec![]);
    }
    rules.insert(
        libc::SYS_clone,
        vec![rule(&[masked(0, libc::CLONE_THREAD as u64, 0)?])?],
    );
    let bound = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0).map_err(io::Error::other)?;
    rules.insert(libc::SYS_prlimit64, vec![rule(&[bound])?]);
    compile(rules, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32))
}

/// Binds this process, and what it forks, to a filter for good.
pub fn install(filter: &BpfProgram) -> io::Result<()> {
    seccompiler::apply_filter(filter).map_err(io::Error::other)
}

/// A filter as the kernel reads it (linux/filter.h: `sock_filter`), in hexadecimal.
pub fn to_hex(filter: &BpfProgram) -> String {
    let bytes = filter.iter().flat_map(|instruction| {
        let [a, b] = instruction.code.to_ne_bytes();
        let [c, d, e, f] = instruction.k.to_ne_bytes();
        [a, b, instruction.jt, instruction.jf, c, d, e, f]
    });
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// fcntl.h; the libc crate does not have them everywhere.
const F_SETSIG: libc::c_int = 10;
const F_SETOWN_EX: libc::c_int = 15;

fn rule(conditions: &[SeccompCondition]) -> io::Result<SeccompRule> {
    SeccompRule::new(conditions.to_vec()).map_err(io::Error::other)
}

/// Whether the lower half of an argument has this value.
fn is(argument: u8, value: u64) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

/// Whether the lower half of an argument has another value.
fn differs(argument: u8, value: u64) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, value)
}

/// Whether an argument has this value as a whole.
fn is_pointer(argument: u8, value: u64) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, value)
}

/// Whether these bits of an argument are so.
fn masked(argument: u8, bits: u64, value: u64) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(bits), value)
}

fn condition(
    argument: u8,
    length: SeccompCmpArgLen,
    compare: SeccompCmpOp,
    value: u64,
) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, length, compare, value).map_err(io::Error::other)
}

fn compile(rules: Rules, otherwise: SeccompAction, listed: SeccompAction) -> io::Result<BpfProgram> {
    let machine = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    SeccompFilter::new(rules, otherwise, listed, machine)
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_can_be_made_and_written_down() {
        assert!(!for_worker().unwrap().is_empty());
        let step = for_step().unwrap();
        assert_eq!(to_hex(&step).len(), step.len() * 16);
    }
}
