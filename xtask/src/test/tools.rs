//! What the suites need beside the Rust toolchain: looked for, installed when that is allowed, else asked for.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Result, bail};

/// A program some suites need.
#[derive(Debug)]
pub struct Tool {
    /// The names it goes by; one of them on the `PATH`, or in the folders beside it, is enough.
    programs: &'static [&'static str],
    /// Folders off the `PATH` where its package puts it; a part may be `*`.
    beside: &'static [&'static str],
    /// The Debian and Ubuntu packages that bring it.
    packages: &'static [&'static str],
}

/// The browser that looks at the console's pages.
pub const CHROMIUM: Tool = Tool {
    programs: &["chromium", "chromium-browser", "google-chrome"],
    beside: &[],
    packages: &["chromium"],
};
/// What drives the browser.
pub const NODE: Tool = Tool {
    programs: &["node"],
    beside: &[],
    packages: &["nodejs"],
};
/// What brings the browser driver.
pub const NPM: Tool = Tool {
    programs: &["npm"],
    beside: &[],
    packages: &["npm"],
};
/// The database server that the tests start for themselves.
pub const POSTGRES: Tool = Tool {
    programs: &["initdb"],
    beside: &["/usr/lib/postgresql/*/bin"],
    packages: &["postgresql"],
};
/// What reads a store's file from outside.
pub const SQLITE: Tool = Tool {
    programs: &["sqlite3"],
    beside: &[],
    packages: &["sqlite3"],
};
/// The message broker that the tests start for themselves.
pub const RABBITMQ: Tool = Tool {
    programs: &["rabbitmqctl"],
    beside: &["/usr/sbin", "/usr/lib/rabbitmq/bin"],
    packages: &["rabbitmq-server"],
};

/// What lets system calls of a program fail.
pub const FIU: Tool = Tool {
    programs: &["fiu-run"],
    beside: &[],
    packages: &["fiu-utils"],
};

/// What runs the worker that is shaped as Vumi's are.
pub const PYTHON: Tool = Tool {
    programs: &["python3"],
    beside: &[],
    packages: &["python3"],
};

/// What makes a folder for Python's packages: its `ensurepip`, which Debian packs apart.
pub const PYTHON_VENV: Tool = Tool {
    programs: &["__init__.py"],
    beside: &["/usr/lib/*/ensurepip", "/usr/local/lib/*/ensurepip"],
    packages: &["python3-venv"],
};

/// The gateway whose end of SMPP ours is tried with.
pub const KANNEL: Tool = Tool {
    programs: &["bearerbox"],
    beside: &["/usr/sbin"],
    packages: &["kannel"],
};

impl Tool {
    /// Where the program is.
    pub fn find(&self) -> Option<PathBuf> {
        let path = env::var_os("PATH")?;
        let beside = self.beside.iter().flat_map(|pattern| expand(pattern));
        let folders: Vec<PathBuf> = env::split_paths(&path).chain(beside).collect();
        self.programs
            .iter()
            .flat_map(|program| folders.iter().map(move |folder| folder.join(program)))
            .find(|candidate| candidate.is_file())
    }
}

/// Makes sure that every tool is there; the error is one line that says what to install.
pub fn provide(tools: &[Tool]) -> Result<()> {
    for tool in tools.iter().filter(|tool| tool.find().is_none()) {
        let reason = install(tool.packages).err();
        if tool.find().is_none() {
            let reason = reason.map_or_else(|| "the package lacks it".to_owned(), |error| error.to_string());
            bail!(
                "{} is missing ({reason}); run: apt-get install {}",
                tool.programs[0],
                tool.packages.join(" ")
            );
        }
    }
    Ok(())
}

/// The folders a pattern stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once("/*/") else {
        return vec![PathBuf::from(pattern)];
    };
    let entries = fs::read_dir(before).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join(after)).collect()
}

fn install(packages: &[&str]) -> Result<()> {
    static UPDATED: OnceLock<bool> = OnceLock::new();
    // SAFETY: geteuid has no preconditions and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        bail!("only root may install it");
    }
    println!("   installing {}", packages.join(" "));
    if !UPDATED.get_or_init(|| apt_get(&["update"])) {
        bail!("apt-get update failed");
    }
    if !apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat()) {
        bail!("apt-get install failed");
    }
    Ok(())
}

fn apt_get(arguments: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command
        .args(["-qq", "-o", "DPkg::Lock::Timeout=120"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_found_under_any_of_its_names() {
        let find = |programs| {
            Tool {
                programs,
                beside: &[],
                packages: &[],
            }
            .find()
        };
        assert!(find(&["no-such-program", "sh"]).is_some());
        assert_eq!(find(&["no-such-program"]), None);
    }

    #[test]
    fn a_pattern_stands_for_every_folder_that_fits() {
        let root = tempfile::tempdir().unwrap();
        for version in ["15", "17"] {
            fs::create_dir_all(root.path().join(version).join("bin")).unwrap();
        }
        let mut found = expand(&format!("{}/*/bin", root.path().display()));
        found.sort();
        assert_eq!(found, [root.path().join("15/bin"), root.path().join("17/bin")]);
        assert_eq!(expand("/usr/sbin"), [PathBuf::from("/usr/sbin")]);
        assert!(expand("/no-such-folder/*/bin").is_empty());
    }

    #[test]
    fn what_is_there_needs_no_installing() {
        provide(&[Tool {
            programs: &["sh"],
            beside: &[],
            packages: &["no-such-package"],
        }])
        .unwrap();
    }
}
