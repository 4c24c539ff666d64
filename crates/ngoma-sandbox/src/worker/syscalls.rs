//! The system calls a worker and a step may make; any other kills the process.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;
use std::io;

/// What a step needs: to compute, to wait, and to talk on sockets it holds.
const STEP: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_ppoll,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_close,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// What a worker needs besides: to receive steps, to fork, and to confine what it forked.
const WORKER: &[i64] = &[
    libc::SYS_recvmsg,
    libc::SYS_wait4,
    libc::SYS_set_robust_list,
    libc::SYS_prctl,
    libc::SYS_setitimer,
    libc::SYS_seccomp,
];

/// The filter of a worker.
pub fn for_worker() -> io::Result<BpfProgram> {
    let mut rules = rules(&[STEP, WORKER])?;
    // fork, but neither threads nor namespaces.
    let beyond_fork = libc::CLONE_VM
        | libc::CLONE_THREAD
        | libc::CLONE_PTRACE
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET;
    rules.insert(libc::SYS_clone, vec![without_bits(0, beyond_fork as u64)?]);
    // Limits of its own, not those of another process of the same user.
    rules.insert(libc::SYS_prlimit64, vec![with_value(0, 0)?]);
    // Copies of descriptors and looks at them, but no signals by way of F_SETOWN.
    let harmless = [libc::F_DUPFD_CLOEXEC, libc::F_GETFD].map(|command| with_value(1, command.cast_unsigned()));
    rules.insert(libc::SYS_fcntl, harmless.into_iter().collect::<io::Result<_>>()?);
    compile(rules)
}

/// The filter of a step, installed on top of its worker's.
pub fn for_step() -> io::Result<BpfProgram> {
    compile(rules(&[STEP])?)
}

/// Binds this process, and what it forks, to a filter for good.
pub fn install(filter: &BpfProgram) -> io::Result<()> {
    seccompiler::apply_filter(filter).map_err(io::Error::other)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules(lists: &[&[i64]]) -> io::Result<Rules> {
    let mut rules: Rules = lists
        .iter()
        .flat_map(|list| list.iter())
        .map(|&call| (call, vec![]))
        .collect();
    let no_code = without_bits(2, libc::PROT_EXEC as u64)?;
    rules.insert(libc::SYS_mmap, vec![no_code.clone()]);
    rules.insert(libc::SYS_mprotect, vec![no_code]);
    // To give way: itself, and only to everybody.
    rules.insert(libc::SYS_sched_setscheduler, vec![itself_when_idle()?]);
    Ok(rules)
}

/// Allows a call if this argument has none of these bits.
fn without_bits(argument: u8, bits: u64) -> io::Result<SeccompRule> {
    let compare = SeccompCmpOp::MaskedEq(bits);
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, compare, 0).map_err(io::Error::other)?;
    SeccompRule::new(vec![condition]).map_err(io::Error::other)
}

/// Allows a call if the lower half of this argument has this value.
fn with_value(argument: u8, value: u32) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value.into())
        .map_err(io::Error::other)?;
    SeccompRule::new(vec![condition]).map_err(io::Error::other)
}

fn itself_when_idle() -> io::Result<SeccompRule> {
    let arguments = [(0, 0), (1, u64::from(libc::SCHED_IDLE.cast_unsigned()))];
    let conditions = arguments.map(|(argument, value)| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).map_err(io::Error::other)
    });
    SeccompRule::new(conditions.into_iter().collect::<io::Result<_>>()?).map_err(io::Error::other)
}

fn compile(rules: Rules) -> io::Result<BpfProgram> {
    let machine = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, machine)
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}
