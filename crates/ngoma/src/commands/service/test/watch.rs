//! Waits until a file of a folder changes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_millis(300);
/// How deep it is looked at.
const DEPTH_LIMIT: usize = 12;
/// How many files of it are looked at.
const FILES_LIMIT: usize = 20_000;

/// The files of a folder, with when each was written and how long it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

/// Looks at a folder, but not at the packages in it, nor at a file that we write ourselves.
pub fn look(folder: &Path, own: Option<&Path>) -> Seen {
    let mut seen = Seen::default();
    seen.folder(folder, 0);
    if let Some(own) = own.and_then(|own| fs::canonicalize(own).ok()) {
        seen.0
            .retain(|path, _| fs::canonicalize(path).is_ok_and(|path| path != own));
    }
    seen
}

/// Waits until the folder looks otherwise.
pub async fn wait(folder: &Path, own: Option<&Path>, seen: &Seen) {
    while look(folder, own) == *seen {
        tokio::time::sleep(EVERY).await;
    }
}

/// Clears a terminal; a file keeps what was written.
pub fn clear_screen() {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        let _ = out.write_all(b"\x1b[2J\x1b[H");
        let _ = out.flush();
    }
}

impl Seen {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_left_out = name == "node_modules" || name.as_encoded_bytes().starts_with(b".");
            let Ok(about) = entry.metadata() else { continue };
            if is_left_out || self.0.len() >= FILES_LIMIT {
                continue;
            }
            if about.is_dir() && depth < DEPTH_LIMIT {
                self.folder(&entry.path(), depth + 1);
            } else if about.is_file() {
                self.0.insert(entry.path(), (about.modified().ok(), about.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_packages_are_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let own = folder.path().join("lcov.info");
        let look = || look(folder.path(), Some(&own));
        write("a/b.js", "1");
        let before = look();
        write("node_modules/q.js", "1");
        write(".git/x", "1");
        write("lcov.info", "1");
        assert_eq!(look(), before);
        write("a/b.js", "12");
        assert_ne!(look(), before);
        let before = look();
        write("c.txt", "");
        assert_ne!(look(), before);
    }
}
