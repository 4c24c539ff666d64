//! Finds the Python that services run on.

use nix::unistd::geteuid;
use serde::Deserialize;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// The oldest version that the library is written for.
const OLDEST: (u32, u32) = (3, 11);
const INSTALL: &str = "install python3 and python3-venv (Debian: apt-get install python3 python3-venv)";
/// Looked at after the `PATH`.
const FOLDERS: [&str; 2] = ["/usr/local/bin", "/usr/bin"];
const PROBE_TIME: Duration = Duration::from_secs(10);
const PROBE: &str = "import json, sys, sysconfig; print(json.dumps({'executable': sys.executable, \
    'prefixes': [sys.base_prefix, sys.base_exec_prefix, sysconfig.get_path('stdlib')], 'version': sys.version_info[:3]}))";

/// A Python that services can run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Its program.
    pub executable: PathBuf,
    /// Where its own files are.
    pub prefixes: Vec<PathBuf>,
    /// Major, minor, patch.
    pub version: (u32, u32, u32),
}

#[derive(Deserialize)]
struct Probed {
    executable: PathBuf,
    prefixes: Vec<PathBuf>,
    version: (u32, u32, u32),
}

/// The first Python that is new enough and that whoever runs services may run; else what to do.
pub async fn find() -> Result<Interpreter, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(FOLDERS.map(PathBuf::from));
    let mut unfit = None;
    for program in folders.map(|folder| folder.join("python3")) {
        if !program.is_file() {
            continue;
        }
        match probe(&program).await {
            Ok(found) => return Ok(found),
            Err(problem) => unfit = Some(problem),
        }
    }
    let (major, minor) = OLDEST;
    let why = unfit.unwrap_or_else(|| "there is none".to_owned());
    Err(format!(
        "services in Python need Python {major}.{minor} or newer, and {why}: {INSTALL}"
    ))
}

async fn probe(program: &Path) -> Result<Interpreter, String> {
    let shown = program.display();
    let mut command = Command::new(program);
    command
        .args(["-I", "-c", PROBE])
        .current_dir("/")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PROBE_TIME, command.output()).await;
    let Ok(Ok(output)) = output else {
        return Err(format!("{shown} does not run"));
    };
    let probed: Probed = serde_json::from_slice(&output.stdout).map_err(|_| format!("{shown} does not run"))?;
    let (major, minor, patch) = probed.version;
    if (major, minor) < OLDEST {
        return Err(format!("{shown} is {major}.{minor}.{patch}"));
    }
    // Root's services run as nobody.
    let is_reachable = probed
        .prefixes
        .iter()
        .chain([&probed.executable])
        .all(|path| is_open_to_all(path));
    if geteuid().is_root() && !is_reachable {
        return Err(format!("{} is not for everybody to run", probed.executable.display()));
    }
    Ok(Interpreter {
        executable: probed.executable,
        prefixes: probed.prefixes,
        version: probed.version,
    })
}

/// Whether everybody may enter all the folders on the way, and run or enter what is there.
fn is_open_to_all(path: &Path) -> bool {
    const SEARCH: u32 = 0o001;
    let Ok(path) = fs::canonicalize(path) else {
        return false;
    };
    path.ancestors()
        .all(|part| fs::metadata(part).is_ok_and(|metadata| metadata.permissions().mode() & SEARCH != 0))
}

impl Interpreter {
    /// `3.11`
    pub fn short_version(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    /// What names it among others.
    pub fn identity(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{} {major}.{minor}.{patch}", self.executable.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_python_is_found_that_services_may_run() {
        let found = find().await.unwrap();
        assert!((found.version.0, found.version.1) >= OLDEST, "{found:?}");
        assert!(found.executable.is_absolute(), "{found:?}");
    }

    #[tokio::test]
    async fn what_is_no_python_is_said() {
        assert_eq!(
            probe(Path::new("/bin/true")).await,
            Err("/bin/true does not run".to_owned())
        );
    }

    #[test]
    fn a_folder_of_its_owner_alone_is_not_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!is_open_to_all(folder.path()));
        assert!(!is_open_to_all(&folder.path().join("missing")));
        assert!(is_open_to_all(Path::new("/bin/sh")));
    }
}
