//! `cargo xtask tidy`: the house rules a machine can check, and a report of the sizes.

mod breach;
mod exceptions;
mod report;
mod rules;
mod source;

use anyhow::Result;

use crate::repo::{Package, Repo};
pub use breach::Breach;
use report::Report;
use source::Source;

/// What the rules look at.
pub struct Checkout<'a> {
    repo: &'a Repo,
    sources: Vec<Source>,
}

/// Prints the breaches and the report; says whether there were no breaches and all is formatted.
pub fn run(repo: &Repo) -> Result<bool> {
    let checkout = Checkout::read(repo)?;
    let breaches = checkout.breaches();
    for breach in &breaches {
        println!("{breach}");
    }
    println!("{}", Report::of(&checkout.sources));
    let is_formatted = repo.cargo(["fmt", "--all", "--check", "--", "-l"]).status()?.success();
    if !is_formatted {
        println!("the files above are not formatted: run cargo fmt --all");
    }
    println!("{} breaches", breaches.len());
    Ok(breaches.is_empty() && is_formatted)
}

/// The breaches of all rules, without those that an exception excuses.
pub fn breaches(repo: &Repo) -> Result<Vec<Breach>> {
    Ok(Checkout::read(repo)?.breaches())
}

impl Checkout<'_> {
    fn read(repo: &Repo) -> Result<Checkout<'_>> {
        Ok(Checkout {
            repo,
            sources: Source::read_all(repo)?,
        })
    }

    fn breaches(&self) -> Vec<Breach> {
        let found = rules::all().into_iter().flat_map(|rule| rule(self)).collect();
        let mut breaches = exceptions::apply(exceptions::EXCEPTIONS, found);
        breaches.sort();
        breaches
    }

    /// A crate's manifest, relative to the root.
    fn manifest_path(&self, package: &Package) -> String {
        let path = package
            .manifest_path
            .strip_prefix(&self.repo.root)
            .unwrap_or(&package.manifest_path);
        path.to_string_lossy().into_owned()
    }

    /// The text of one file, empty when it is not part of the checkout.
    fn text(&self, path: &str) -> &str {
        self.sources
            .iter()
            .find(|source| source.path == path)
            .map_or("", |source| &source.text)
    }
}
