//! A worker for this crate's tests and measurements: what `ngoma sandbox-worker` is, with natives that break out.

use ngoma_sandbox::{Planted, worker_main_with};

/// What a script could do only after breaking the JavaScript engine.
const NATIVES: &[Planted] = &[
    ("native_open", open),
    ("native_socket", socket),
    ("native_fork", fork),
    ("native_kill", kill),
    ("native_exec", exec),
    ("native_fork_bomb", fork_bomb),
    ("native_dup_all", dup_all),
    ("native_ptrace", ptrace),
    ("native_crash", crash),
];

fn main() {
    worker_main_with(NATIVES)
}

fn open() {
    let _ = std::fs::read("/etc/hostname");
}

fn socket() {
    let _ = std::net::TcpStream::connect("127.0.0.1:80");
}

fn fork() {
    // SAFETY: one thread; the filter kills the process before a child exists.
    unsafe { libc::fork() };
}

fn fork_bomb() {
    loop {
        // SAFETY: as `fork`.
        unsafe { libc::fork() };
    }
}

/// Takes every descriptor there is.
fn dup_all() {
    // SAFETY: plain system calls, which the filter does not let through.
    while unsafe { libc::dup(0) } >= 0 {}
}

fn ptrace() {
    // SAFETY: a plain system call, which the filter does not let through.
    unsafe { libc::ptrace(libc::PTRACE_ATTACH, libc::getppid(), 0, 0) };
}

fn kill() {
    // SAFETY: a plain system call, which the filter does not let through.
    unsafe { libc::kill(libc::getppid(), libc::SIGKILL) };
}

fn exec() {
    let _ = std::process::Command::new("/bin/true").status();
}

fn crash() {
    // SAFETY: none, on purpose: the process has to die of it.
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
}
