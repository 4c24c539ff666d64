//! The sandbox holds for a host that is not root as well.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Somebody who owns nothing and is not who root's workers become.
const SOMEBODY: u32 = 54_321;
/// The tests that somebody repeats.
const TABLES: [&str; 3] = ["attacks::", "breakouts::", "signals::"];

/// Somebody may not be able to enter the folder where the programs were built.
fn copy_for_everybody(program: &Path, folder: &Path) -> std::path::PathBuf {
    let copy = folder.join(program.file_name().unwrap());
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    copy
}

#[test]
fn attacks_are_stopped_for_an_ordinary_user_too() {
    // SAFETY: a plain system call.
    if unsafe { libc::geteuid() } != 0 {
        // Then the tests themselves ran as an ordinary user.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let tests = copy_for_everybody(&std::env::current_exe().unwrap(), folder.path());
    let worker = copy_for_everybody(Path::new(env!("CARGO_BIN_EXE_sandbox-worker")), folder.path());
    let python = folder.path().join("python");
    fs::create_dir(&python).unwrap();
    std::os::unix::fs::chown(&python, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let output = Command::new(tests)
        .args(TABLES)
        .env("NGOMA_TEST_WORKER", worker)
        .env("NGOMA_TEST_PYTHON", python)
        .current_dir("/")
        .uid(SOMEBODY)
        .gid(SOMEBODY)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
