//! Which file a name in `import` or `require` means, by Node's rules over the files of a bundle.

use super::files::{Files, extension, folder, folders, join};
use super::library;
use serde_json::Value;

/// Who asks: the two kinds of code are given different files by some packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importer {
    /// `import`.
    Module,
    /// `require`.
    Script,
}

const EXTENSIONS: [&str; 7] = ["js", "mjs", "cjs", "ts", "mts", "cts", "json"];

impl Files {
    /// The file that a name means in the file `base`.
    pub fn resolve(&self, base: &str, name: &str, importer: Importer) -> Option<String> {
        // Names the engine was given already: those of modules it loads itself.
        if base.is_empty() {
            return self.contains(name).then(|| name.to_owned());
        }
        if is_relative(name) {
            let within = if name.starts_with('/') { "" } else { folder(base) };
            return self.file_or_folder(&join(within, name), importer);
        }
        if let Some(entry) = library::entry(self.library(), name) {
            return Some(entry);
        }
        let (package, inner) = split_package(name);
        folders(base).find_map(|folder| {
            let root = join(folder, &format!("node_modules/{package}"));
            match inner {
                None => self.file_or_folder(&root, importer),
                Some(inner) => self.within_package(&root, inner, importer),
            }
        })
    }

    fn file_or_folder(&self, path: &str, importer: Importer) -> Option<String> {
        self.file(path).or_else(|| self.package_main(path, importer))
    }

    /// A file as named, with another extension of the same kind, or with one added.
    fn file(&self, path: &str) -> Option<String> {
        if self.contains(path) {
            return Some(path.to_owned());
        }
        let source = match extension(path) {
            "js" => Some("ts"),
            "mjs" => Some("mts"),
            "cjs" => Some("cts"),
            _ => None,
        };
        let written = source.map(|source| format!("{}.{source}", &path[..path.len() - extension(path).len() - 1]));
        let added = EXTENSIONS.iter().map(|extension| format!("{path}.{extension}"));
        written.into_iter().chain(added).find(|path| self.contains(path))
    }

    /// What stands for a whole folder.
    fn package_main(&self, folder: &str, importer: Importer) -> Option<String> {
        let package = self.json(&join(folder, "package.json")).unwrap_or_default();
        let exported = exported(&package["exports"], ".", importer);
        let module = (importer == Importer::Module)
            .then(|| package["module"].as_str())
            .flatten();
        [exported, module, package["main"].as_str(), Some("index")]
            .into_iter()
            .flatten()
            .map(|main| join(folder, main))
            .find_map(|main| self.file(&main).or_else(|| self.file(&join(&main, "index"))))
    }

    fn within_package(&self, root: &str, inner: &str, importer: Importer) -> Option<String> {
        let package = self.json(&join(root, "package.json")).unwrap_or_default();
        let exports = &package["exports"];
        let name = format!("./{inner}");
        let exported = exported(exports, &name, importer).map(str::to_owned);
        let exported = exported.or_else(|| exported_by_pattern(exports, &name, importer));
        self.file_or_folder(&join(root, exported.as_deref().unwrap_or(inner)), importer)
    }
}

/// What the most precise pattern of a package's `exports` says, such as `"./*": "./dist/*.js"`.
fn exported_by_pattern(exports: &Value, inner: &str, importer: Importer) -> Option<String> {
    let matching = exports.as_object()?.iter().filter_map(|(pattern, target)| {
        let (begin, end) = pattern.split_once('*')?;
        let star = inner.strip_prefix(begin)?.strip_suffix(end)?;
        Some((begin.len(), star, target))
    });
    let (_, star, target) = matching.max_by_key(|(precision, ..)| *precision)?;
    Some(condition(target, importer)?.replace('*', star))
}

/// What a package's `exports` say for a path within it. Of what they do not name, the path itself is taken.
fn exported<'a>(exports: &'a Value, inner: &str, importer: Importer) -> Option<&'a str> {
    let has_paths = exports
        .as_object()
        .is_some_and(|paths| paths.keys().any(|key| key.starts_with('.')));
    match (has_paths, inner) {
        (true, inner) => condition(exports.get(inner)?, importer),
        (false, ".") => condition(exports, importer),
        _ => None,
    }
}

fn condition(target: &Value, importer: Importer) -> Option<&str> {
    let wanted = match importer {
        Importer::Module => ["import", "module", "default"],
        Importer::Script => ["require", "node", "default"],
    };
    match target {
        Value::String(path) => Some(path),
        Value::Object(conditions) => wanted
            .iter()
            .find_map(|name| condition(conditions.get(*name)?, importer)),
        Value::Array(targets) => targets.iter().find_map(|target| condition(target, importer)),
        _ => None,
    }
}

/// Whether a name is a path rather than a package.
pub fn is_relative(name: &str) -> bool {
    name == "." || name == ".." || name.starts_with("./") || name.starts_with("../") || name.starts_with('/')
}

/// `@scope/name/inner/path` is a package and a path within it.
fn split_package(name: &str) -> (&str, Option<&str>) {
    let scope = if name.starts_with('@') {
        name.find('/').map_or(0, |at| at + 1)
    } else {
        0
    };
    match name[scope..].find('/') {
        Some(at) => (&name[..scope + at], Some(&name[scope + at + 1..])),
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::bundle;
    use std::collections::BTreeMap;

    fn files() -> Files {
        let files = [
            ("main.ts", ""),
            ("src/a.ts", ""),
            ("src/b/index.js", ""),
            ("src/data.json", "{}"),
            ("node_modules/q/package.json", r#"{"main":"./q"}"#),
            ("node_modules/q/q.js", ""),
            (
                "node_modules/both/package.json",
                r#"{"exports":{".":{"import":"./m.mjs","require":"./c.cjs"},"./x":"./y.js"}}"#,
            ),
            (
                "node_modules/star/package.json",
                r#"{"exports":{"./*":"./dist/*.js","./in/*":{"import":"./m/*.mjs"}}}"#,
            ),
            ("node_modules/star/dist/a/b.js", ""),
            ("node_modules/star/m/c.mjs", ""),
            ("node_modules/both/m.mjs", ""),
            ("node_modules/both/c.cjs", ""),
            ("node_modules/both/y.js", ""),
            ("node_modules/esm/package.json", r#"{"main":"c.js","module":"m.js"}"#),
            ("node_modules/esm/c.js", ""),
            ("node_modules/esm/m.js", ""),
            ("node_modules/@s/n/index.js", ""),
            ("node_modules/q/node_modules/inner.js", ""),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        Files::new(bundle("main.ts".into(), BTreeMap::from(files)), BTreeMap::new())
    }

    #[test]
    fn names_mean_the_files_that_node_would_take() {
        use Importer::{Module, Script};
        for (base, name, importer, expected) in [
            ("main.ts", "./src/a", Module, Some("src/a.ts")),
            ("main.ts", "./src/a.js", Module, Some("src/a.ts")),
            ("src/a.ts", "./b", Script, Some("src/b/index.js")),
            ("src/a.ts", "..", Script, None),
            ("src/b/index.js", "../data.json", Script, Some("src/data.json")),
            ("src/a.ts", "q", Script, Some("node_modules/q/q.js")),
            ("main.ts", "q/q", Script, Some("node_modules/q/q.js")),
            ("main.ts", "both", Module, Some("node_modules/both/m.mjs")),
            ("main.ts", "both", Script, Some("node_modules/both/c.cjs")),
            ("main.ts", "both/x", Script, Some("node_modules/both/y.js")),
            ("main.ts", "star/a/b", Script, Some("node_modules/star/dist/a/b.js")),
            ("main.ts", "star/in/c", Module, Some("node_modules/star/m/c.mjs")),
            ("main.ts", "esm", Module, Some("node_modules/esm/m.js")),
            ("main.ts", "esm", Script, Some("node_modules/esm/c.js")),
            ("main.ts", "@s/n", Script, Some("node_modules/@s/n/index.js")),
            (
                "node_modules/q/q.js",
                "inner",
                Script,
                Some("node_modules/q/node_modules/inner.js"),
            ),
            ("main.ts", "inner", Script, None),
            ("main.ts", "ngoma", Module, Some("ngoma:/index.ts")),
            ("main.ts", "fs", Script, None),
        ] {
            assert_eq!(
                files().resolve(base, name, importer).as_deref(),
                expected,
                "{name} in {base}"
            );
        }
    }
}
