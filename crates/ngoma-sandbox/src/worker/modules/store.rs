//! The files of a bundle in memory. Most of a package's files are never asked for, so an idle worker holds them packed.

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// Files by their path.
pub struct Store {
    plain: RefCell<BTreeMap<String, Vec<u8>>>,
    packed: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Store {
    /// These files.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            plain: RefCell::new(files),
            packed: RefCell::default(),
        }
    }

    /// Whether there is such a file.
    pub fn contains(&self, path: &str) -> bool {
        self.plain.borrow().contains_key(path) || self.packed.borrow().contains_key(path)
    }

    /// What is in a file.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(bytes) = self.plain.borrow().get(path) {
            return Some(bytes.clone());
        }
        let packed = self.packed.borrow();
        let mut bytes = Vec::new();
        DeflateDecoder::new(packed.get(path)?.as_slice())
            .read_to_end(&mut bytes)
            .ok()?;
        Some(bytes)
    }

    /// Packs what is not packed. A file that cannot be is left as it is.
    pub fn pack(&self) {
        let files = self.plain.take();
        for (path, bytes) in files {
            match packed(&bytes) {
                Some(packed) => self.packed.borrow_mut().insert(path, packed),
                None => self.plain.borrow_mut().insert(path, bytes),
            };
        }
    }
}

fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    let mut packed = encoder.finish().ok()?;
    packed.shrink_to_fit();
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_same_after_they_were_packed() {
        let files = BTreeMap::from([
            ("a.js".to_owned(), "let a;\n".repeat(1000).into_bytes()),
            ("empty.js".to_owned(), Vec::new()),
            ("bytes.txt".to_owned(), (0..=255).collect()),
        ]);
        let store = Store::new(files.clone());
        for _ in 0..2 {
            for (path, bytes) in &files {
                assert!(store.contains(path));
                assert_eq!(store.read(path).as_ref(), Some(bytes), "{path}");
            }
            assert!(!store.contains("b.js"));
            assert_eq!(store.read("b.js"), None);
            store.pack();
        }
        assert!(store.packed.borrow()["a.js"].len() < 200);
        assert!(store.plain.borrow().is_empty());
    }
}
