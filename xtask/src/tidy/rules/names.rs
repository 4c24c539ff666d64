//! Names that say nothing, for files, folders and modules.

use proc_macro2::{TokenStream, TokenTree};

use super::{Breach, Checkout, each};
use crate::tidy::source::Source;

/// A thing is called by what it does, not by how many use it.
const BANNED: [&str; 8] = [
    "common", "utils", "util", "helpers", "helper", "shared", "core", "manager",
];

/// Checks the path of every file and the modules within it.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    each(checkout, check_source)
}

fn check_source(source: &Source) -> Vec<Breach> {
    let breach = |line, name: &str| {
        let what = format!("{name:?} says nothing about what is in it, name what it does");
        Breach {
            path: source.path.clone(),
            line,
            rule: "names",
            what,
        }
    };
    let mut breaches: Vec<Breach> = source
        .path
        .split('/')
        .filter(|part| is_banned(part))
        .map(|part| breach(1, part))
        .collect();
    let mut modules = Vec::new();
    if let Some(rust) = &source.rust {
        find_modules(rust.tokens.clone(), &mut modules);
    }
    breaches.extend(
        modules
            .iter()
            .filter(|(_, name)| is_banned(name))
            .map(|(line, name)| breach(*line, name)),
    );
    breaches
}

/// Whether a word of the name, up to its first dot, is a banned one.
fn is_banned(name: &str) -> bool {
    let stem = name.trim_start_matches('.').split('.').next().unwrap_or_default();
    stem.split(['-', '_']).any(|word| BANNED.contains(&word))
}

/// The names after each `mod`, with their lines.
fn find_modules(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let mut is_after_mod = false;
    for token in tokens {
        if let (TokenTree::Ident(name), true) = (&token, is_after_mod) {
            found.push((name.span().start().line, name.to_string()));
        }
        is_after_mod = matches!(&token, TokenTree::Ident(word) if word == "mod");
        if let TokenTree::Group(group) = token {
            find_modules(group.stream(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_refused() {
        check("src/address.rs", "", &[]);
        check("src/coreutils_port.rs", "", &[]);
        check("src/utils.rs", "", &[1]);
        check("src/session_manager.rs", "", &[1]);
        check("crates/ngoma-core/src/lib.rs", "", &[1]);
        check("web/helpers.test.js", "", &[1]);
        check("docs/.common/a.md", "mod util", &[1]);
        check(
            "src/a.rs",
            "mod a;\nmod b {\n    pub mod shared {}\n}\n// mod util\n",
            &[3],
        );
    }

    fn check(path: &str, text: &str, lines: &[usize]) {
        let breaches = check_source(&Source::new(path, text));
        assert_eq!(
            breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(),
            lines,
            "{path}: {text}"
        );
    }
}
