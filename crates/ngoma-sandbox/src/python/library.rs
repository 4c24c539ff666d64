//! The library `ngoma` for Python, carried in this program.

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(RustEmbed)]
#[folder = "../../sdk/python/src"]
struct Ngoma;

/// What belongs to it; Python leaves more in the folder.
const ENDINGS: [&str; 2] = [".py", "/py.typed"];

/// Its files by their path, from the folder that packages are in.
pub fn files() -> BTreeMap<String, Cow<'static, [u8]>> {
    Ngoma::iter()
        .filter(|path| ENDINGS.iter().any(|ending| path.ends_with(ending)))
        .filter_map(|path| Some((path.to_string(), Ngoma::get(&path)?.data)))
        .collect()
}

/// Adds the library's content to what names an environment.
pub fn name(hasher: &mut Sha256) {
    for (path, content) in files() {
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path);
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(content);
    }
}
