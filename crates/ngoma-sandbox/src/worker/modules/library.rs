//! The libraries every service may import without bringing them.

use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a service imports, and the file that stands for it; one line registers a library. Node's modules are found by
/// their names.
const ENTRIES: &[(&str, &str)] = &[("ngoma", "ngoma:/index.ts")];

/// Before the path of a file that is one of Node's modules, as we wrote them.
const NODE: &str = "node:/";
/// Before the path of a file that runs an author's tests.
const TESTING: &str = "testing:/";
/// The files of Node's modules that only other such files may ask for.
const INTERNAL: &str = "internal/";

/// The library `ngoma`.
#[derive(RustEmbed)]
#[folder = "../../sdk/js/src"]
struct Ngoma;

/// Node's modules.
#[derive(RustEmbed)]
#[folder = "node"]
struct Node;

/// What runs an author's tests.
#[derive(RustEmbed)]
#[folder = "testing"]
struct Testing;

/// Files of the libraries by their path, which no file of a service can have.
pub type Library = BTreeMap<String, Cow<'static, [u8]>>;

/// The files of the libraries. A development build reads them from disk, so this comes before a worker is confined.
pub fn library() -> Library {
    let ngoma = Ngoma::iter().filter_map(|path| Some((format!("ngoma:/{path}"), Ngoma::get(&path)?.data)));
    let node = Node::iter().filter_map(|path| Some((format!("{NODE}{path}"), Node::get(&path)?.data)));
    let testing = Testing::iter().filter_map(|path| Some((format!("{TESTING}{path}"), Testing::get(&path)?.data)));
    ngoma.chain(node).chain(testing).collect()
}

/// The first file of the library of this name. Node's modules come before a service's own packages of the same names, as
/// they do in Node.
pub fn entry(library: &Library, name: &str) -> Option<String> {
    if let Some((_, file)) = ENTRIES.iter().find(|(known, _)| *known == name) {
        return Some((*file).to_owned());
    }
    let module = name.strip_prefix("node:").unwrap_or(name);
    let path = format!("{NODE}{module}.js");
    (library.contains_key(&path) && !module.starts_with(INTERNAL)).then_some(path)
}

/// Whether a file belongs to a library that is CommonJS and may use the worker's own functions.
pub fn is_trusted(path: &str) -> bool {
    path.starts_with(NODE) || path.starts_with(TESTING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_modules_are_found_by_their_names() {
        for (name, expected) in [
            ("ngoma", Some("ngoma:/index.ts")),
            ("url", Some("node:/url.js")),
            ("node:url", Some("node:/url.js")),
            ("assert/strict", Some("node:/assert/strict.js")),
            ("internal/equal", None),
            ("node:internal/equal", None),
            ("fs", None),
            ("node:fs", None),
            ("node:ngoma", None),
        ] {
            assert_eq!(entry(&library(), name).as_deref(), expected, "{name}");
        }
    }
}
