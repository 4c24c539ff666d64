//! Makes the virtual environments that services run in: what they ask for, and the library.

use super::folders::{Folders, Held};
use super::interpreter::Interpreter;
use super::{last_words, library, limits, unpack};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::env;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

/// Where in its folder the environment is.
pub const VENV: &str = "venv";
const KIND: &str = "environments";
/// Pinned requirements, as pip is given them.
const PINNED: &str = "requirements.txt";
/// What pip would install.
const REPORT: &str = "resolved.json";
/// What the commands said.
const LOG: &str = "install.log";
/// What pip may know of the world besides the `PATH`: the operator's index and how to reach it.
const KEPT_VARIABLES: [&str; 9] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
];
const KEPT_PREFIX: &str = "PIP_";

/// The environment for these requirements; made when no service had the same before.
pub async fn provide(folders: &Folders, interpreter: &Interpreter, asked: &[String]) -> Result<Arc<Held>, String> {
    let unwritable = |error: io::Error| format!("the service's virtual environment cannot be written: {error}");
    let path = folders.path(KIND, &name(interpreter, asked));
    let _making = folders.making().await.map_err(unwritable)?;
    if let Some(held) = folders.find(&path) {
        return Ok(held);
    }
    folders.begin(&path).map_err(unwritable)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755)).map_err(unwritable)?;
    if let Err(problem) = make(&path, interpreter, asked).await {
        // What was begun may be large.
        let _ = fs::remove_dir_all(&path);
        return Err(problem);
    }
    folders.complete(&path).map_err(unwritable)
}

/// The same requirements on the same Python with the same library are the same environment.
fn name(interpreter: &Interpreter, asked: &[String]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(interpreter.identity());
    for requirement in asked {
        hasher.update([0]);
        hasher.update(requirement);
    }
    hasher.update([0, 0]);
    library::name(&mut hasher);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn make(path: &Path, interpreter: &Interpreter, asked: &[String]) -> Result<(), String> {
    let venv = path.join(VENV);
    let mut command = Command::new(&interpreter.executable);
    command.args(["-I", "-m", "venv"]);
    if asked.is_empty() {
        command.arg("--without-pip");
    }
    let what = "the service's virtual environment cannot be made; is python3-venv installed?";
    run(command.arg(&venv), path, limits::ENVIRONMENT_TIME, what).await?;
    let python = venv.join("bin/python3");
    if !asked.is_empty() {
        install(path, &python, asked).await?;
    }
    let packages = venv.join(format!("lib/python{}/site-packages", interpreter.short_version()));
    unpack::write_all(&packages, &library::files())
        .map_err(|error| format!("the library ngoma cannot be written: {error}"))?;
    // Not by the environment's own Python, nor with what its packages have at start: their code would run unconfined.
    let mut compile = Command::new(&interpreter.executable);
    compile
        .args(["-I", "-S", "-m", "compileall", "-q"])
        .arg(packages.join("ngoma"));
    run(
        &mut compile,
        path,
        limits::ENVIRONMENT_TIME,
        "the library ngoma cannot be compiled",
    )
    .await
}

/// Installs exactly what is asked for, from wheels: building a package would run its code unconfined. For the same reason
/// nothing of the environment is run once a package is in it; what else is needed is found out before.
async fn install(path: &Path, python: &Path, asked: &[String]) -> Result<(), String> {
    let pinned = path.join(PINNED);
    fs::write(&pinned, asked.join("\n") + "\n").map_err(|error| format!("{PINNED} cannot be written: {error}"))?;
    let report = path.join(REPORT);
    let what = "pip cannot install what requirements.txt asks for";
    let mut resolve = pip_install(python, &pinned);
    resolve.args(["--dry-run", "--report"]).arg(&report);
    run(&mut resolve, path, limits::INSTALL_TIME, what).await?;
    let unlisted = unlisted(&report).map_err(|error| format!("{what}: its report cannot be read: {error}"))?;
    if !unlisted.is_empty() {
        let lines = unlisted.join("\n");
        return Err(format!(
            "requirements.txt must list every package that is needed, as pip freeze does; add\n{lines}"
        ));
    }
    let mut install = pip_install(python, &pinned);
    install.arg("--no-deps");
    run(&mut install, path, limits::INSTALL_TIME, what).await
}

fn pip_install(python: &Path, pinned: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-I", "-m", "pip", "install", "--no-input", "--no-cache-dir"]);
    pip.args(["--disable-pip-version-check", "--only-binary", ":all:"]);
    pip.args(["--progress-bar", "off", "--requirement"]).arg(pinned);
    pip
}

/// What pip would install that nobody asked for by name, each as a line of `requirements.txt` (pip's installation report,
/// version 1).
fn unlisted(report: &Path) -> io::Result<Vec<String>> {
    let mut text = Vec::new();
    File::open(report)?.take(limits::REPORT_BYTES).read_to_end(&mut text)?;
    let report: Value = serde_json::from_slice(&text)?;
    let packages = report["install"].as_array().ok_or(io::ErrorKind::InvalidData)?;
    let line = |package: &Value| {
        let text = |name: &str| package["metadata"][name].as_str().unwrap_or("?").to_owned();
        format!("{}=={}", text("name"), text("version"))
    };
    let is_unlisted = |package: &&Value| package["requested"] != true;
    Ok(packages.iter().filter(is_unlisted).map(line).collect())
}

/// Runs a command to its end; when it fails, `what` and its last words are the error.
async fn run(command: &mut Command, folder: &Path, limit: Duration, what: &str) -> Result<(), String> {
    let log = folder.join(LOG);
    let started = confine(command, folder, &log).and_then(|()| command.spawn());
    let mut child = started.map_err(|error| format!("{what}: {error}"))?;
    let status = tokio::time::timeout(limit, child.wait()).await;
    let words = || last_words::of(&fs::read(&log).unwrap_or_default());
    match status {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(_)) => Err(format!("{what}:\n{}", words())),
        Ok(Err(error)) => Err(format!("{what}: {error}")),
        Err(_) => {
            let _ = child.kill().await;
            Err(format!(
                "{what}: it took longer than {} s\n{}",
                limit.as_secs(),
                words()
            ))
        }
    }
}

fn confine(command: &mut Command, folder: &Path, log: &Path) -> io::Result<()> {
    let log = File::create(log)?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    let kept = env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name == "PATH" || name.starts_with(KEPT_PREFIX) || KEPT_VARIABLES.contains(&name.as_ref())
    });
    command
        .env_clear()
        .envs(kept.collect::<Vec<_>>())
        .env("HOME", folder)
        .current_dir(folder);
    // SAFETY: between fork and exec only system calls are made, and no memory is allocated.
    unsafe {
        command.pre_exec(|| {
            // Others than we have to read what is written now.
            umask(Mode::S_IWGRP | Mode::S_IWOTH);
            setrlimit(
                Resource::RLIMIT_FSIZE,
                limits::INSTALLED_FILE_BYTES,
                limits::INSTALLED_FILE_BYTES,
            )?;
            Ok(())
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::interpreter;

    #[tokio::test]
    async fn an_environment_without_requirements_has_the_library_and_is_shared() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().into());
        let interpreter = interpreter::find().await.unwrap();
        let held = provide(&folders, &interpreter, &[]).await.unwrap();
        let mut python = Command::new(held.path().join("venv/bin/python3"));
        let output = python
            .args(["-I", "-c", "import ngoma; print(ngoma.__name__)"])
            .output()
            .await
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "ngoma\n", "{output:?}");
        assert!(Arc::ptr_eq(&held, &provide(&folders, &interpreter, &[]).await.unwrap()));
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_with_its_last_words() {
        let root = tempfile::tempdir().unwrap();
        let shell = |script: &str, limit: u64| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            let path = root.path().to_owned();
            async move { run(&mut command, &path, Duration::from_secs(limit), "no luck").await }
        };
        assert_eq!(shell("exit 0", 60).await, Ok(()));
        assert_eq!(shell("echo why >&2; exit 1", 60).await, Err("no luck:\nwhy".to_owned()));
        assert_eq!(
            shell("echo begun; exec sleep 100", 0)
                .await
                .map_err(|error| error.contains("longer than 0 s")),
            Err(true)
        );
    }

    #[tokio::test]
    async fn names_tell_environments_apart() {
        let interpreter = interpreter::find().await.unwrap();
        let name = |asked: &[&str]| {
            name(
                &interpreter,
                &asked.iter().map(|&line| line.to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(name(&["a==1"]), name(&["a==1"]));
        assert_ne!(name(&["a==1"]), name(&["a==2"]));
        assert_ne!(name(&["a==1", "b==1"]), name(&["a==1b==1"]));
    }
}
