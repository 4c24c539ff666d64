//! How files begin and where they lie.

use super::{Breach, Checkout, each};
use crate::tidy::source::Source;

/// Checks every Rust file.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    let has_mod_file = |folder: &str| {
        let start = format!("{folder}/");
        checkout
            .sources
            .iter()
            .any(|source| source.path.starts_with(&start) && source.has_extension(&["rs"]))
    };
    each(checkout, |source| {
        if source.has_extension(&["rs"]) {
            check_file(source, has_mod_file)
        } else {
            Vec::new()
        }
    })
}

fn check_file(source: &Source, has_files: impl Fn(&str) -> bool) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut add = |what: &str| {
        breaches.push(Breach {
            path: source.path.clone(),
            line: 1,
            rule: "layout",
            what: what.to_owned(),
        });
    };
    if source.rust.is_none() {
        add("it cannot be parsed, mend it");
    }
    if source.path.contains("src/") && !source.text.starts_with("//!") {
        add("it does not say what it is for, begin it with a //! line");
    }
    // A crate's root is no module: a program `a.rs` may lie beside a folder `a`.
    let is_root = matches!(source.name(), "main.rs" | "lib.rs" | "mod.rs");
    if !is_root && has_files(source.path.trim_end_matches(".rs")) {
        add("it lies beside a folder of its name, move it there as mod.rs");
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_they_are_for_and_lie_in_their_folder() {
        check("a/src/a.rs", "//! A.\n", &[]);
        check("a/src/a.rs", "fn a() {}\n", &["begin it with"]);
        check("a/tests/a.rs", "fn a() {}\n", &[]);
        check("a/src/folder.rs", "//! A.\n", &["move it there as mod.rs"]);
        check("a/src/folder/mod.rs", "//! A.\n", &[]);
        check("a/src/a.rs", "//! A.\nfn {", &["cannot be parsed"]);
    }

    fn check(path: &str, text: &str, expected: &[&str]) {
        let breaches = check_file(&Source::new(path, text), |folder| folder == "a/src/folder");
        assert_eq!(breaches.len(), expected.len(), "{path}: {breaches:?}");
        for (breach, expected) in breaches.iter().zip(expected) {
            assert!(breach.what.contains(expected), "{breach}");
        }
    }
}
