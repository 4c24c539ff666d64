//! Which crate may name which crate of others: each heavy dependency has one home.

use super::{Breach, Checkout, line_of_entry};
use crate::repo::Dependency;

struct Home {
    /// A crate's name, or its beginning with a `*`.
    external: &'static str,
    crates: &'static [&'static str],
    /// Whether the tests of any crate may use it.
    is_free_in_tests: bool,
}

const HOMES: &[Home] = &[
    Home {
        external: "rquickjs*",
        crates: &["ngoma-sandbox"],
        is_free_in_tests: false,
    },
    Home {
        external: "oxc_*",
        crates: &["ngoma-sandbox"],
        is_free_in_tests: false,
    },
    Home {
        external: "seccompiler",
        crates: &["ngoma-sandbox"],
        is_free_in_tests: false,
    },
    Home {
        external: "landlock",
        crates: &["ngoma-sandbox"],
        is_free_in_tests: false,
    },
    Home {
        external: "rusqlite",
        crates: &["ngoma-engine"],
        is_free_in_tests: false,
    },
    Home {
        external: "postgres",
        crates: &["ngoma-engine"],
        is_free_in_tests: false,
    },
    Home {
        external: "tokio-postgres-rustls",
        crates: &["ngoma-engine"],
        is_free_in_tests: false,
    },
    Home {
        external: "rusmpp",
        crates: &["ngoma-smpp"],
        is_free_in_tests: false,
    },
    Home {
        external: "lapin",
        crates: &["ngoma-engine"],
        is_free_in_tests: false,
    },
    Home {
        external: "reqwest",
        crates: &["ngoma-engine"],
        is_free_in_tests: true,
    },
    Home {
        external: "minijinja",
        crates: &["ngoma-web", "ngoma-console", "ngoma-sandbox"],
        is_free_in_tests: false,
    },
    Home {
        external: "rust-embed",
        crates: &["ngoma-web", "ngoma-smsc", "ngoma-console", "ngoma-sandbox"],
        is_free_in_tests: false,
    },
    Home {
        external: "clap",
        crates: &["ngoma", "xtask"],
        is_free_in_tests: false,
    },
];

/// Checks every crate's dependencies.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for package in &checkout.repo.packages {
        let path = checkout.manifest_path(package);
        for dependency in &package.dependencies {
            if let Some(home) = missed_home(&package.name, dependency) {
                breaches.push(Breach {
                    path: path.clone(),
                    line: line_of_entry(checkout.text(&path), &dependency.name),
                    rule: "externals",
                    what: format!(
                        "{} belongs to {} only, use what they offer",
                        dependency.name,
                        home.crates.join(", ")
                    ),
                });
            }
        }
    }
    breaches
}

fn missed_home(package: &str, dependency: &Dependency) -> Option<&'static Home> {
    HOMES.iter().find(|home| {
        let is_named = match home.external.strip_suffix('*') {
            Some(start) => dependency.name.starts_with(start),
            None => dependency.name == home.external,
        };
        let is_free = home.is_free_in_tests && dependency.is_for_tests();
        is_named && !is_free && !home.crates.contains(&package)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_external_crate_stays_at_home() {
        check("ngoma-sandbox", "oxc_parser", None, true);
        check("ngoma-engine", "oxc_parser", None, false);
        check("ngoma", "rusqlite", Some("dev"), false);
        check("ngoma-testkit", "lapin", None, false);
        check("ngoma", "reqwest", Some("dev"), true);
        check("ngoma", "reqwest", None, false);
        check("xtask", "clap", None, true);
        check("ngoma-message", "serde", None, true);
    }

    fn check(package: &str, external: &str, kind: Option<&str>, is_allowed: bool) {
        let dependency = Dependency {
            name: external.to_owned(),
            kind: kind.map(str::to_owned),
        };
        assert_eq!(
            missed_home(package, &dependency).is_none(),
            is_allowed,
            "{package} -> {external}"
        );
    }
}
