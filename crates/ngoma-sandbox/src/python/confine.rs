//! What the worker of a service in Python does before it becomes Python: it gives up all that the service must not have.
//!
//! Files are reached by descriptors that are opened before root is given up, so that a data folder which is its owner's
//! alone can stay so.

use super::{limits, processes, syscalls};
use crate::frames::{self, Failure, FromWorker};
use crate::limits as script_limits;
use crate::worker::die_with_parent;
use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope,
};
use nix::fcntl::{OFlag, open};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, dup2_raw, execve, fchdir, geteuid, setpgid};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::ffi::CString;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// How the host hands over a [`Launch`].
pub const VARIABLE: &str = "NGOMA_PYTHON";
/// How Python is told what it works with.
const WORKER_VARIABLE: &str = "NGOMA_WORKER";
/// Where the descriptors are that Python finds its files by; the control socket is before them.
const ENVIRONMENT_FD: RawFd = 4;
const CODE_FD: RawFd = 5;
const CONTROL_FD: RawFd = 3;
/// What Python reads of the system beside its own files.
const SYSTEM: [&str; 8] = [
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/urandom",
];

/// What a service in Python is started with.
///
/// ```json
/// {"environment":"/…/venv","code":"/…/files","main":"main.py","readable":["/usr"]}
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct Launch {
    /// The virtual environment.
    pub environment: PathBuf,
    /// The folder of the service's files.
    pub code: PathBuf,
    /// The file to begin with.
    pub main: String,
    /// Where the interpreter's own files are.
    pub readable: Vec<PathBuf>,
}

impl Launch {
    /// As the environment variable [`VARIABLE`] holds it.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// Becomes Python if the host asked for it; comes back if it did not, or could not.
pub fn become_python_if_asked() -> io::Result<()> {
    let Ok(text) = std::env::var(VARIABLE) else {
        return Ok(());
    };
    let launch: Launch = serde_json::from_str(&text)?;
    let error = match become_python(&launch) {
        Ok(never) => match never {},
        Err(error) => error,
    };
    let failure = Failure::new(format!("Python cannot be started: {error}"));
    let report = serde_json::to_vec(&FromWorker::Failed(failure))?;
    // SAFETY: the host left its socket there, and nothing else in this process knows of it.
    let mut control = unsafe { UnixStream::from_raw_fd(CONTROL_FD) };
    control.write_all(&frames::frame(&report))?;
    Err(error)
}

fn become_python(launch: &Launch) -> io::Result<std::convert::Infallible> {
    let environment = folder_at(&launch.environment, ENVIRONMENT_FD)?;
    let code = folder_at(&launch.code, CODE_FD)?;
    fchdir(&code)?;
    setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    let was_root = geteuid().is_root();
    processes::become_somebody()?;
    prctl::set_no_new_privs()?;
    die_with_parent()?;
    limit_resources()?;
    let settings = settings()?;
    let (program, arguments) = command_line(launch)?;
    let is_walled = see_only(launch, [&environment, &code]).map_err(io::Error::other)?;
    if !is_walled && !was_root {
        return Err(io::Error::other(
            "this kernel has no Landlock, and without it a service in Python could read our data: \
            start serve as root, which runs services as others, or on Linux 5.13 or newer",
        ));
    }
    syscalls::install(&syscalls::for_worker()?)?;
    match execve(&program, &arguments, &settings)? {}
}

/// Opens a folder where Python will look for it.
fn folder_at(path: &Path, at: RawFd) -> io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let opened = open(path, flags, Mode::empty())?;
    if opened.as_raw_fd() == at {
        // SAFETY: clears close-on-exec on a descriptor this process holds open.
        if unsafe { libc::fcntl(at, libc::F_SETFD, 0) } == -1 {
            return Err(io::Error::last_os_error());
        }
        return Ok(opened);
    }
    // SAFETY: this process has just begun and holds nothing there.
    Ok(unsafe { dup2_raw(&opened, at) }?)
}

fn limit_resources() -> io::Result<()> {
    for (resource, limit) in [
        (Resource::RLIMIT_NOFILE, limits::OPEN_FILES),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_MEMLOCK, 0),
        (Resource::RLIMIT_AS, limits::ADDRESS_SPACE_BYTES),
    ] {
        setrlimit(resource, limit, limit)?;
    }
    Ok(())
}

/// Landlock: this process and what it forks see the interpreter, the environment and the code, and change nothing.
fn see_only(launch: &Launch, folders: [&OwnedFd; 2]) -> Result<bool, RulesetError> {
    let abi = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    for folder in folders {
        ruleset = ruleset.add_rule(PathBeneath::new(folder, read))?;
    }
    let system = SYSTEM.iter().map(Path::new);
    for path in system.chain(launch.readable.iter().map(PathBuf::as_path)) {
        let Ok(opened) = PathFd::new(path) else {
            continue;
        };
        let rights = if path.is_dir() { read } else { AccessFs::ReadFile.into() };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, rights))?;
    }
    if let Ok(null) = PathFd::new("/dev/null") {
        ruleset = ruleset.add_rule(PathBeneath::new(null, AccessFs::ReadFile | AccessFs::WriteFile))?;
    }
    let status = ruleset.restrict_self()?.ruleset;
    Ok(status != RulesetStatus::NotEnforced)
}

fn command_line(launch: &Launch) -> io::Result<(CString, Vec<CString>)> {
    let program = format!("/proc/self/fd/{ENVIRONMENT_FD}/bin/python3");
    // Isolated, in UTF-8, and writing nothing beside what it reads.
    let arguments = [
        program.as_str(),
        "-I",
        "-B",
        "-X",
        "utf8",
        "-m",
        "ngoma",
        "run",
        &launch.main,
    ];
    let arguments = arguments.into_iter().map(CString::new).collect::<Result<_, _>>()?;
    Ok((CString::new(program.as_str())?, arguments))
}

/// Where Python finds the service's files.
pub fn code_path() -> String {
    format!("/proc/self/fd/{CODE_FD}")
}

/// All that Python finds in its environment.
fn settings() -> io::Result<Vec<CString>> {
    let worker = json!({
        "control": CONTROL_FD,
        "code": code_path(),
        "filter": syscalls::to_hex(&syscalls::for_step()?),
        "limits": {
            "processor_seconds": limits::PROCESSOR_SECONDS,
            "wall_grace_ms": script_limits::WALL_GRACE.as_millis(),
            "memory_mib": limits::ADDRESS_SPACE_BYTES >> 20,
            "output_bytes": script_limits::OUTPUT_BYTES,
            "requests": script_limits::REQUESTS,
        },
    });
    let settings = [
        format!("{WORKER_VARIABLE}={worker}"),
        "TZ=UTC".to_owned(),
        "LANG=C.UTF-8".to_owned(),
    ];
    Ok(settings.into_iter().map(CString::new).collect::<Result<_, _>>()?)
}
