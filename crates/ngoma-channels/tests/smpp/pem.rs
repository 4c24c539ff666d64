//! Certificates as the files that others' programs read them from.

use ngoma_testkit::Certificates;
use tempfile::TempDir;

/// Files, until it is dropped.
pub struct Pem {
    pub certificates: Certificates,
    pub authority: String,
    pub chain: String,
    pub key: String,
    _folder: TempDir,
}

impl Pem {
    /// Makes certificates of this machine and writes them.
    pub fn write() -> Self {
        let certificates = Certificates::of_this_machine();
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("there is room");
            path.into_os_string().into_string().expect("its name is a text")
        };
        Self {
            authority: write("authority.pem", &certificates.authority),
            chain: write("chain.pem", &certificates.chain),
            key: write("key.pem", &certificates.key),
            certificates,
            _folder: folder,
        }
    }
}
