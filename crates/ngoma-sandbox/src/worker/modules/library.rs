//! The libraries every service may import without bringing them.

use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a service imports, and the file that stands for it; one line registers a library.
const ENTRIES: &[(&str, &str)] = &[("ngoma", "ngoma:/index.ts")];

/// The library `ngoma`.
#[derive(RustEmbed)]
#[folder = "../../sdk/js/src"]
struct Ngoma;

/// Files of the libraries by their path, which no file of a service can have.
pub type Library = BTreeMap<String, Cow<'static, [u8]>>;

/// The files of the libraries. A development build reads them from disk, so this comes before a worker is confined.
pub fn library() -> Library {
    Ngoma::iter()
        .filter_map(|path| Some((format!("ngoma:/{path}"), Ngoma::get(&path)?.data)))
        .collect()
}

/// The first file of the library of this name.
pub fn entry(name: &str) -> Option<&'static str> {
    ENTRIES.iter().find(|(known, _)| *known == name).map(|(_, file)| *file)
}
