//! The types of the library `ngoma` in a service's own folder, for its editor and its compiler.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Where they are kept; services are deployed without it.
const FOLDER: &str = ".ngoma";

/// Writes the library's sources as this program has them; files that are as they should be are left alone.
pub fn write_types(folder: &Path) -> Result<()> {
    for (path, text) in ngoma_sandbox::library_sources() {
        let path = folder.join(FOLDER).join(path);
        if fs::read(&path).is_ok_and(|known| known == text) {
            continue;
        }
        let shown = || format!("cannot write {}", path.display());
        if let Some(inside) = path.parent() {
            fs::create_dir_all(inside).with_context(shown)?;
        }
        fs::write(&path, text).with_context(shown)?;
    }
    Ok(())
}

/// The same, if the service's compiler is told to look there.
pub fn renew_types(folder: &Path) -> Result<()> {
    let settings = fs::read_to_string(folder.join("tsconfig.json")).unwrap_or_default();
    if settings.contains(FOLDER) {
        write_types(folder)
    } else {
        Ok(())
    }
}
