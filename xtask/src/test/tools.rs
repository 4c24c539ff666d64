//! What the suites need beside the Rust toolchain: looked for, installed when that is allowed, else asked for.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Result, bail};

/// A program some suites need.
#[derive(Debug)]
pub struct Tool {
    /// The names it goes by; one of them on the `PATH` is enough.
    programs: &'static [&'static str],
    /// The Debian and Ubuntu packages that bring it.
    packages: &'static [&'static str],
}

/// The browser that looks at the console's pages.
pub const CHROMIUM: Tool = Tool {
    programs: &["chromium", "chromium-browser", "google-chrome"],
    packages: &["chromium"],
};
/// What drives the browser.
pub const NODE: Tool = Tool {
    programs: &["node"],
    packages: &["nodejs"],
};
/// What brings the browser driver.
pub const NPM: Tool = Tool {
    programs: &["npm"],
    packages: &["npm"],
};

impl Tool {
    /// Where the program is.
    pub fn find(&self) -> Option<PathBuf> {
        let path = env::var_os("PATH")?;
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
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
                packages: &[],
            }
            .find()
        };
        assert!(find(&["no-such-program", "sh"]).is_some());
        assert_eq!(find(&["no-such-program"]), None);
    }

    #[test]
    fn what_is_there_needs_no_installing() {
        provide(&[Tool {
            programs: &["sh"],
            packages: &["no-such-package"],
        }])
        .unwrap();
    }
}
