//! `cargo xtask bench build`: what a newcomer waits for once, and an author after each change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use syn::visit::{self, Visit};

use super::host::Host;
use super::report::{Bar, Figure, Report};
use super::{cpu, progress};
use crate::repo::Repo;

const COLD_CPU_SECONDS: f64 = 720.0;
const TOUCHED_SECONDS: f64 = 10.0;
const CONSOLE: &str = "crates/ngoma-console/src";
/// How often a page is changed; the middle time counts.
const CHANGES: usize = 3;

/// Builds a copy of the checkout; the checkout itself is never touched.
pub fn run(repo: &Repo) -> Result<Report> {
    let host = Host::look();
    let copy = tempfile::Builder::new().prefix("ngoma-bench-build-").tempdir()?;
    repo.copy_files("", copy.path())?;
    cargo(copy.path(), &["fetch", "--locked"])?;
    progress("cold cargo build --release");
    let cold = cargo(copy.path(), &["build", "--release"])?;
    progress("cold cargo build");
    let develop = cargo(copy.path(), &["build"])?;
    let page = find_page(&copy.path().join(CONSOLE))?;
    progress(&format!(
        "cargo build after a change in {}",
        page.strip_prefix(copy.path())?.display()
    ));
    let mut changed = Vec::new();
    for number in 0..CHANGES {
        change_one_line(&page, number)?;
        changed.push(cargo(copy.path(), &["build"])?.wall.as_secs_f64());
    }
    changed.sort_by(f64::total_cmp);
    let figures = vec![
        Figure::new("cold_release_cpu_s", cold.cpu.as_secs_f64(), "s").must_be(Bar::AtMost(COLD_CPU_SECONDS)),
        Figure::new("cold_release_wall_s", cold.wall.as_secs_f64(), "s"),
        Figure::new("cold_dev_cpu_s", develop.cpu.as_secs_f64(), "s"),
        Figure::new("changed_page_wall_s", changed[CHANGES / 2], "s").must_be(Bar::AtMost(TOUCHED_SECONDS)),
        Figure::new("changed_page_worst_wall_s", changed[CHANGES - 1], "s"),
    ];
    Ok(Report {
        bench: "build",
        figures,
        host,
    })
}

struct Spent {
    cpu: Duration,
    wall: Duration,
}

/// Runs cargo in the copy, with a target folder of its own.
fn cargo(folder: &Path, arguments: &[&str]) -> Result<Spent> {
    let (cpu_before, started) = (cpu::of_children(), Instant::now());
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"));
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("run cargo")?;
    ensure!(status.success(), "cargo {} failed", arguments.join(" "));
    Ok(Spent {
        cpu: cpu::of_children() - cpu_before,
        wall: started.elapsed(),
    })
}

/// A page of the console: the first file, by name, of a `pages` folder; before there is one, any with a function.
fn find_page(folder: &Path) -> Result<PathBuf> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.retain(|file| fs::read_to_string(file).is_ok_and(|text| first_body(&text).is_some()));
    files.sort_by_key(|file| (!file.components().any(|part| part.as_os_str() == "pages"), file.clone()));
    files.into_iter().next().context("the console has no page")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Puts a line of work into the page's first function, another one each time.
fn change_one_line(page: &Path, number: usize) -> Result<()> {
    let text = fs::read_to_string(page)?;
    fs::write(
        page,
        with_changed_line(&text, number).context("the page has no function")?,
    )?;
    Ok(())
}

fn with_changed_line(text: &str, number: usize) -> Option<String> {
    let body = first_body(text)?;
    let (before, after) = text.split_at(body);
    let after = after
        .strip_prefix(MARK)
        .and_then(|rest| Some(rest.split_once(';')?.1))
        .unwrap_or(after);
    Some(format!("{before}{MARK}({number}_usize);{after}"))
}

const MARK: &str = " let _ = std::hint::black_box";

/// Where, in bytes, the body of the first function begins that is not `const`.
fn first_body(text: &str) -> Option<usize> {
    let mut finder = BodyFinder(None);
    finder.visit_file(&syn::parse_file(text).ok()?);
    finder.0
}

struct BodyFinder(Option<usize>);

impl<'a> Visit<'a> for BodyFinder {
    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        if self.0.is_none() && function.sig.constness.is_none() {
            self.0 = Some(function.block.brace_token.span.open().byte_range().end);
        }
        visit::visit_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_differs_and_they_do_not_pile_up() {
        let text = "const fn a() {}\nfn b() { c(); }\n";
        let first = with_changed_line(text, 1).unwrap();
        assert_eq!(
            first,
            "const fn a() {}\nfn b() { let _ = std::hint::black_box(1_usize); c(); }\n"
        );
        let second = with_changed_line(&first, 2).unwrap();
        assert_eq!(second, first.replace("1_usize", "2_usize"));
        assert_eq!(with_changed_line("struct A;", 1), None);
    }

    #[test]
    fn a_page_is_preferred_to_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("phone/pages/show.rs");
        fs::create_dir_all(page.parent().unwrap()).unwrap();
        fs::write(folder.path().join("a.rs"), "fn a() {}").unwrap();
        fs::write(&page, "fn show() {}").unwrap();
        fs::write(page.with_file_name("mod.rs"), "mod show;").unwrap();
        assert_eq!(find_page(folder.path()).unwrap(), page);
    }
}
