//! Lays out a service's files on disk, for everybody to read and nobody to change.

use super::folders::{Folders, Held};
use crate::bundle;
use ngoma_engine::service::Bundle;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

/// Where in its folder the files are.
pub const FILES: &str = "files";
const KIND: &str = "code";

/// The folder with a bundle's files.
pub async fn provide(folders: &Folders, given: &Bundle) -> Result<Arc<Held>, String> {
    if let Some(path) = given.files.keys().find(|path| !is_inside(path)) {
        return Err(format!("{path:?} is no path within a service's folder"));
    }
    let unwritable = |error: io::Error| format!("the service's files cannot be written: {error}");
    let _making = folders.making().await.map_err(unwritable)?;
    // Named by what it is, not by what it is said to be.
    let name = bundle::bundle(given.main.clone(), given.files.clone()).hash;
    let path = folders.path(KIND, &name);
    if let Some(held) = folders.find(&path) {
        return Ok(held);
    }
    let made = folders
        .begin(&path)
        .and_then(|()| open_to_all(&path))
        .and_then(|()| write_all(&path.join(FILES), &given.files))
        .and_then(|()| folders.complete(&path));
    made.map_err(unwritable)
}

/// Files below a folder that everybody may read.
pub fn write_all<T: AsRef<[u8]>>(folder: &Path, files: &BTreeMap<String, T>) -> io::Result<()> {
    make_folder(folder)?;
    for (path, content) in files {
        if let Some((parents, _)) = path.rsplit_once('/') {
            let mut inner = folder.to_owned();
            for part in parents.split('/') {
                inner.push(part);
                make_folder(&inner)?;
            }
        }
        let path = folder.join(path);
        fs::write(&path, content)?;
        fs::set_permissions(&path, Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir(folder)?;
    open_to_all(folder)
}

fn open_to_all(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}

/// Whether a path stays within the folder it is joined to.
fn is_inside(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Bundle {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        bundle::bundle("main.py".into(), files.collect())
    }

    #[tokio::test]
    async fn files_are_laid_out_once() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().into());
        let bundle = of(&[("main.py", "1"), ("texts/en/a.json", "{}")]);
        let held = provide(&folders, &bundle).await.unwrap();
        let text = |path: &str| fs::read_to_string(held.path().join(FILES).join(path)).unwrap();
        assert_eq!((text("main.py"), text("texts/en/a.json")), ("1".into(), "{}".into()));
        let mode = fs::metadata(held.path().join("files/texts/en"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(Arc::ptr_eq(&held, &provide(&folders, &bundle).await.unwrap()));
    }

    #[tokio::test]
    async fn a_path_out_of_the_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("python"));
        for path in ["../main.py", "/etc/x", "a/../../x", "a//b", "./a", "", "a\0b"] {
            let error = provide(&folders, &of(&[(path, "")])).await.unwrap_err();
            assert!(error.contains("is no path within"), "{path:?}: {error}");
        }
    }

    #[tokio::test]
    async fn a_bundle_is_known_by_its_content_alone() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().into());
        let mut forged = of(&[("main.py", "2")]);
        forged.hash = "../../elsewhere".into();
        let held = provide(&folders, &forged).await.unwrap();
        assert!(held.path().starts_with(root.path()));
    }
}
