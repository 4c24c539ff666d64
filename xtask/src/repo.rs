//! Where the checkout is, what belongs to it, and how cargo is called in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The checkout this program was built from, as `cargo metadata` describes it.
#[derive(Debug, Deserialize)]
pub struct Repo {
    /// The folder of the workspace's `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Where cargo builds.
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
    /// The workspace's crates.
    pub packages: Vec<Package>,
}

/// One crate of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// Its name, such as `ngoma-engine`.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// What its `Cargo.toml` asks for.
    pub dependencies: Vec<Dependency>,
}

/// One entry of a crate's dependency tables.
#[derive(Clone, Debug, Deserialize)]
pub struct Dependency {
    /// The crate that is asked for.
    pub name: String,
    /// `None` for `[dependencies]`, else `dev` or `build`.
    pub kind: Option<String>,
}

impl Dependency {
    /// Whether only tests may use it.
    pub fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Repo {
    /// Asks cargo about the workspace that holds this program's sources.
    pub fn find() -> Result<Repo> {
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let described = cargo_command()
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("run cargo")?;
        ensure!(
            described.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&described.stderr)
        );
        serde_json::from_slice(&described.stdout).context("read what cargo metadata says")
    }

    /// A cargo command that runs at the checkout's root.
    pub fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = cargo_command();
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Where `cargo build --release` puts the program.
    pub fn release_binary(&self) -> PathBuf {
        self.target.join("release").join("ngoma")
    }

    /// The paths of the files that are, or would be, committed; relative to the root, sorted.
    pub fn files(&self) -> Result<Vec<String>> {
        // A checkout mounted into a container belongs to somebody else, which git refuses without being told.
        let arguments = [
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = Command::new("git")
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .context("run git")?;
        ensure!(
            listed.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let listed = String::from_utf8(listed.stdout).context("a path is not UTF-8")?;
        let mut files: Vec<String> = listed
            .split_terminator('\0')
            .filter(|path| self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Copies those of the checkout's files that are under `folder` (`""` is all) into `to`, without the prefix.
    pub fn copy_files(&self, folder: &str, to: &Path) -> Result<()> {
        for path in self.files()? {
            let Ok(inside) = Path::new(&path).strip_prefix(folder) else {
                continue;
            };
            let copy = to.join(inside);
            if let Some(parent) = copy.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(self.root.join(&path), &copy).with_context(|| format!("copy {path}"))?;
        }
        Ok(())
    }
}

/// Cargo without what the cargo that runs this program has put into the environment: build scripts look at some of it,
/// and would build their crates anew each time it comes and goes.
fn cargo_command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let is_of_this_program = |prefix: &&str| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(is_of_this_program) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_knows_its_crates_and_files() {
        let repo = Repo::find().unwrap();
        assert!(repo.packages.iter().any(|package| package.name == "ngoma-engine"));
        assert!(repo.files().unwrap().contains(&"xtask/src/main.rs".to_owned()));
    }

    #[test]
    fn a_copied_folder_loses_its_prefix() {
        let to = tempfile::tempdir().unwrap();
        Repo::find().unwrap().copy_files("xtask", to.path()).unwrap();
        assert!(to.path().join("src/main.rs").is_file());
        assert!(!to.path().join("xtask").exists());
    }
}
