//! Which crate of the workspace may stand on which.

use super::{Breach, Checkout, line_of_entry};
use crate::repo::Package;

/// The arrows of ARCHITECTURE.md; they point only down.
const EDGES: &[(&str, &[&str])] = &[
    ("ngoma-message", &[]),
    ("ngoma-smpp", &[]),
    ("ngoma-engine", &["ngoma-message"]),
    ("ngoma-channels", &["ngoma-message", "ngoma-smpp", "ngoma-engine"]),
    ("ngoma-sandbox", &["ngoma-message", "ngoma-engine"]),
    ("ngoma-web", &[]),
    ("ngoma-smsc", &["ngoma-message", "ngoma-smpp", "ngoma-web"]),
    ("ngoma-console", &["ngoma-message", "ngoma-engine", "ngoma-web"]),
    (
        "ngoma-testkit",
        &["ngoma-message", "ngoma-smpp", "ngoma-smsc", "ngoma-engine"],
    ),
    (
        "ngoma",
        &[
            "ngoma-message",
            "ngoma-smpp",
            "ngoma-smsc",
            "ngoma-engine",
            "ngoma-channels",
            "ngoma-sandbox",
            "ngoma-web",
            "ngoma-console",
        ],
    ),
    ("xtask", &[]),
];

/// The test harnesses, and those whose tests may use them.
const TESTKIT: &str = "ngoma-testkit";
const TESTKIT_USERS: &[&str] = &[
    "ngoma-engine",
    "ngoma-channels",
    "ngoma-sandbox",
    "ngoma-console",
    "ngoma",
];

/// Checks every crate's edges.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    let packages = &checkout.repo.packages;
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut breaches = Vec::new();
    for package in packages {
        let path = checkout.manifest_path(package);
        let manifest = checkout.text(&path);
        for (dependency, what) in forbidden(package, &names) {
            breaches.push(Breach {
                path: path.clone(),
                line: line_of_entry(manifest, &dependency),
                rule: "edges",
                what,
            });
        }
    }
    breaches
}

/// The edges of one crate that are not in the table, each with what to do.
fn forbidden(package: &Package, workspace: &[&str]) -> Vec<(String, String)> {
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
        let what = format!(
            "{} is not in the table of edges, add it there with what it may use",
            package.name
        );
        return vec![(String::new(), what)];
    };
    let is_forbidden = |dependency: &&crate::repo::Dependency| {
        let name = dependency.name.as_str();
        let is_harness = name == TESTKIT && dependency.is_for_tests();
        let is_allowed = if is_harness {
            TESTKIT_USERS.contains(&package.name.as_str())
        } else {
            allowed.contains(&name)
        };
        workspace.contains(&name) && !is_allowed
    };
    let explain = |name: &str| format!("{} must not know {name}, remove the dependency", package.name);
    package
        .dependencies
        .iter()
        .filter(is_forbidden)
        .map(|d| (d.name.clone(), explain(&d.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Dependency;

    fn check(package: &str, dependency: &str, kind: Option<&str>, is_allowed: bool) {
        let dependency = Dependency {
            name: dependency.to_owned(),
            kind: kind.map(str::to_owned),
        };
        let package = Package {
            name: package.to_owned(),
            manifest_path: "Cargo.toml".into(),
            dependencies: vec![dependency],
        };
        let workspace: Vec<&str> = EDGES.iter().map(|(name, _)| *name).collect();
        assert_eq!(forbidden(&package, &workspace).is_empty(), is_allowed, "{package:?}");
    }

    #[test]
    fn arrows_point_only_down() {
        check("ngoma-engine", "ngoma-message", None, true);
        check("ngoma-engine", "serde", None, true);
        check("ngoma-engine", "ngoma-web", None, false);
        check("ngoma-web", "ngoma-engine", None, false);
        check("ngoma-message", "ngoma-engine", None, false);
        check("ngoma-console", "ngoma-channels", None, false);
        check("ngoma-console", "ngoma-sandbox", Some("dev"), false);
        check("ngoma", "ngoma-sandbox", None, true);
        check("xtask", "ngoma-message", None, false);
    }

    #[test]
    fn harnesses_are_for_the_tests_of_some() {
        check("ngoma-channels", "ngoma-testkit", Some("dev"), true);
        check("ngoma-channels", "ngoma-testkit", None, false);
        check("ngoma-engine", "ngoma-testkit", Some("dev"), true);
        check("ngoma-web", "ngoma-testkit", Some("dev"), false);
        check("ngoma-testkit", "ngoma-engine", None, true);
    }

    #[test]
    fn a_new_crate_must_be_entered() {
        check("ngoma-new", "serde", None, false);
    }
}
