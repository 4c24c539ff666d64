//! How long the disk takes to make a small write durable: the floor under every durable answer.

use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::load::latency::Latencies;

const BLOCK: [u8; 4096] = [0x5a; 4096];
const ROUNDS: usize = 400;

/// Times of a 4 KiB append followed by `fdatasync`, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fsync {
    /// The middle one.
    pub p50_ms: f64,
    /// All but one in a hundred are quicker.
    pub p99_ms: f64,
}

/// Measured times, to which more can be added later in the bench.
#[derive(Default)]
pub struct Samples {
    taken: Vec<Duration>,
}

/// Fails where files are kept in memory: nothing there is durable, and everything is quick.
pub fn ensure_not_memory(folder: &Path) -> Result<()> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    let mut found = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: the path ends with a NUL, the pointer is valid for writing, and all zeroes is a value should the call fail.
    let found = unsafe {
        libc::statfs(path.as_ptr(), found.as_mut_ptr());
        found.assume_init()
    };
    ensure!(
        found.f_type != libc::TMPFS_MAGIC,
        "{} is in memory: set CARGO_TARGET_DIR to a folder on a disk",
        folder.display()
    );
    Ok(())
}

impl Samples {
    /// Measures in `folder`.
    pub fn take(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join("fsync-probe");
        let mut file = File::create(&path)?;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            file.write_all(&BLOCK)?;
            file.sync_data()?;
            self.taken.push(started.elapsed());
        }
        std::fs::remove_file(path)?;
        Ok(())
    }

    /// What all of them together say.
    pub fn summary(&self) -> Fsync {
        let latencies = Latencies::of(self.taken.clone());
        Fsync {
            p50_ms: latencies.p50_ms,
            p99_ms: latencies.p99_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_no_disk() {
        let check = |folder: &str, is_disk| {
            let folder = Path::new(folder);
            assert_eq!(ensure_not_memory(folder).is_ok(), is_disk, "{}", folder.display());
        };
        check("/proc", true);
        check("/dev/shm", false);
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut samples = Samples::default();
        samples.take(folder.path()).unwrap();
        assert!(samples.summary().p99_ms >= samples.summary().p50_ms);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
