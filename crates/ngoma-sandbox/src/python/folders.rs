//! Folders that are made once, named by what is in them, shared, and removed when nothing has used them for a while.

use super::limits;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

/// The file that is there once a folder is whole; when it was last changed says when the folder was last used.
const COMPLETE: &str = "complete";
/// Locked by whoever makes a folder.
const LOCK: &str = "lock";

/// Folders of several kinds below one.
pub struct Folders {
    root: PathBuf,
    held: Mutex<HashMap<PathBuf, Weak<Held>>>,
}

/// A folder that somebody uses.
#[derive(Debug)]
pub struct Held(PathBuf);

impl Held {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Folders {
    /// Folders below this one.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            held: Mutex::default(),
        }
    }

    /// The right to make folders, until this file is closed. One is made at a time, also by other processes: whoever needs
    /// the same waits for it.
    pub async fn making(&self) -> io::Result<File> {
        let root = self.root.clone();
        let locking = tokio::task::spawn_blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&root)?;
            let file = File::create(root.join(LOCK))?;
            file.lock()?;
            Ok(file)
        });
        locking.await.map_err(io::Error::other)?
    }

    /// Where a folder of this kind and name is or will be.
    pub fn path(&self, kind: &str, name: &str) -> PathBuf {
        self.root.join(kind).join(name)
    }

    /// The folder, if it is whole.
    pub fn find(&self, path: &Path) -> Option<Arc<Held>> {
        File::options()
            .append(true)
            .open(path.join(COMPLETE))
            .and_then(|stamp| stamp.set_modified(SystemTime::now()))
            .ok()?;
        Some(self.hold(path))
    }

    /// An empty folder in its place; what is left of an earlier attempt goes.
    pub fn begin(&self, path: &Path) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir(path)
    }

    /// Marks a folder as whole, and removes those of its kind that nobody needs any more.
    pub fn complete(&self, path: &Path) -> io::Result<Arc<Held>> {
        File::create(path.join(COMPLETE))?;
        let held = self.hold(path);
        if let Some(kind) = path.parent() {
            self.sweep(kind, SystemTime::now())?;
        }
        Ok(held)
    }

    fn hold(&self, path: &Path) -> Arc<Held> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, held| held.strong_count() > 0);
        if let Some(held) = all.get(path).and_then(Weak::upgrade) {
            return held;
        }
        let held = Arc::new(Held(path.to_owned()));
        all.insert(path.to_owned(), Arc::downgrade(&held));
        held
    }

    fn sweep(&self, kind: &Path, now: SystemTime) -> io::Result<()> {
        for entry in fs::read_dir(kind)? {
            let path = entry?.path();
            let is_held = {
                let all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                all.get(&path).is_some_and(|held| held.strong_count() > 0)
            };
            if !is_held && is_old(&path, now) {
                fs::remove_dir_all(&path)?;
            }
        }
        Ok(())
    }
}

/// Whether it was last used, or its making last tried, long ago.
fn is_old(path: &Path, now: SystemTime) -> bool {
    let used = fs::metadata(path.join(COMPLETE)).or_else(|_| fs::metadata(path));
    used.and_then(|metadata| metadata.modified()).is_ok_and(|used| {
        now.duration_since(used)
            .is_ok_and(|unused| unused > limits::KEPT_UNUSED)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn make(folders: &Folders, name: &str) -> Arc<Held> {
        let path = folders.path("kind", name);
        folders.begin(&path).unwrap();
        folders.complete(&path).unwrap()
    }

    #[test]
    fn a_folder_that_was_not_finished_is_made_anew() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("python"));
        let path = folders.path("kind", "a");
        folders.begin(&path).unwrap();
        fs::write(path.join("half"), "").unwrap();
        assert!(folders.find(&path).is_none());
        folders.begin(&path).unwrap();
        assert!(!path.join("half").exists());
        folders.complete(&path).unwrap();
        assert_eq!(folders.find(&path).unwrap().path(), path);
    }

    #[test]
    fn what_nobody_has_used_for_a_day_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().into());
        let used = make(&folders, "used");
        drop(make(&folders, "unused"));
        let kind = root.path().join("kind");
        folders.sweep(&kind, SystemTime::now()).unwrap();
        assert!(kind.join("unused").exists());
        let later = SystemTime::now() + limits::KEPT_UNUSED + Duration::from_secs(60);
        folders.sweep(&kind, later).unwrap();
        assert!(used.path().exists());
        assert!(!kind.join("unused").exists());
    }
}
