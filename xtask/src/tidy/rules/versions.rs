//! Versions of dependencies stand in the workspace's table and nowhere else.

use toml::{Table, Value};

use super::{Breach, Checkout, each, line_of_entry};
use crate::tidy::source::Source;

/// Checks every crate's manifest.
pub fn check(checkout: &Checkout) -> Vec<Breach> {
    each(checkout, |source| {
        let is_crate = source.name() == "Cargo.toml" && source.path != "Cargo.toml";
        if is_crate { check_manifest(source) } else { Vec::new() }
    })
}

fn check_manifest(source: &Source) -> Vec<Breach> {
    let breach = |line, what| Breach {
        path: source.path.clone(),
        line,
        rule: "versions",
        what,
    };
    let Ok(manifest) = source.text.parse::<Table>() else {
        return vec![breach(1, "it is not TOML, mend it".to_owned())];
    };
    let own = dependencies(&manifest).filter(|(_, entry)| !is_inherited(entry));
    own.map(|(name, _)| {
        let what = format!("{name} is not from the workspace's table, write {name}.workspace = true");
        breach(line_of_entry(&source.text, name), what)
    })
    .collect()
}

/// The entries of all dependency tables, those of a target too.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values);
    let places = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    places
        .flat_map(|place| TABLES.iter().filter_map(|&name| place.get(name)?.as_table()))
        .flatten()
}

fn is_inherited(entry: &Value) -> bool {
    entry.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_workspace_names_versions() {
        check(
            "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"c\"] }",
            &[],
        );
        check("[dependencies]\na = \"1\"", &[2]);
        check("[dev-dependencies]\nb.workspace = true\na = { path = \"../a\" }", &[3]);
        check("[target.'cfg(unix)'.build-dependencies]\na = \"1\"", &[2]);
        check("[dependencies", &[1]);
    }

    fn check(manifest: &str, lines: &[usize]) {
        let breaches = check_manifest(&Source::new("crates/a/Cargo.toml", manifest));
        assert_eq!(
            breaches.iter().map(|breach| breach.line).collect::<Vec<_>>(),
            lines,
            "{manifest}"
        );
    }
}
