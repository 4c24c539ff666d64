//! A file that only takes room: it is given up when the disk is full, so that what is under way can be finished, and
//! taken again when there is room (F27).

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file within the data folder.
const FILE: &str = "reserve";
/// The largest part of the free disk it takes: one in so many.
const PART: u64 = 20;

/// The reserve of a data folder.
#[derive(Debug)]
pub(crate) struct Reserve {
    file: PathBuf,
    /// How many bytes it has at most.
    most: u64,
    /// The least room that is left for messages, in bytes.
    least_free: u64,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_held: bool,
    /// How many bytes it has, from when it was first taken: it is not taken again before there is room for so many.
    size: Option<u64>,
}

impl Reserve {
    /// Takes the reserve of a folder, where there is room for it.
    pub(crate) fn take(folder: &Path, most: u64, least_free: u64) -> Self {
        let reserve = Self {
            file: folder.join(FILE),
            most,
            least_free,
            state: Mutex::default(),
        };
        // The room of an earlier process counts as free. Where there is none the door says so.
        let _ = remove(&reserve.file);
        let _ = reserve.check_room();
        reserve
    }

    /// Gives the room up; false when that was done before. Nothing new is taken until there is room again.
    pub(crate) fn give_up(&self) -> bool {
        let was_held = std::mem::replace(&mut self.state().is_held, false);
        if was_held {
            tracing::error!(file = %self.file.display(), "the disk is full: its reserve is given up so that what is under way can be finished; make room");
            if let Err(error) = remove(&self.file) {
                tracing::error!(%error, "the reserve cannot be given up");
            }
        }
        was_held
    }

    /// Whether it takes its room.
    pub(crate) fn is_held(&self) -> bool {
        self.state().is_held
    }

    /// Whether there is room for new messages; tells why not. Takes the reserve again when there is.
    pub(crate) fn check_room(&self) -> std::result::Result<(), String> {
        let mut state = self.state();
        let folder = self.file.parent().unwrap_or(&self.file);
        let free = free_bytes(folder).map_err(|error| format!("the disk: {error}"))?;
        let size = state.size.unwrap_or_else(|| self.size_within(free));
        let needed = self.least_free + if state.is_held { 0 } else { size };
        if free < needed {
            let (free, needed) = (free >> 20, needed.div_ceil(1 << 20));
            return Err(format!("{free} MiB are free on the disk, fewer than {needed}"));
        }
        if !state.is_held {
            allocate(&self.file, size).map_err(|error| format!("the reserve on the disk: {error}"))?;
            *state = State {
                is_held: true,
                size: Some(size),
            };
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn size_within(&self, free: u64) -> u64 {
        self.most.min(free / PART)
    }
}

/// How many bytes the owner of this process may still write on a folder's disk.
pub(crate) fn free_bytes(folder: &Path) -> Result<u64> {
    let disk = nix::sys::statvfs::statvfs(folder)?;
    Ok(disk.blocks_available() * disk.fragment_size())
}

/// Makes the file take so much room.
fn allocate(file: &Path, size: u64) -> Result<()> {
    let Some(length) = i64::try_from(size).ok().filter(|size| *size > 0) else {
        return Ok(());
    };
    let made: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    if let Err(error) = nix::fcntl::posix_fallocate(&made, 0, length) {
        remove(file)?;
        return Err(error.into());
    }
    Ok(())
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(folder: &Path) -> Option<u64> {
        std::fs::metadata(folder.join(FILE)).ok().map(|file| file.len())
    }

    #[test]
    fn a_reserve_is_taken_given_up_once_and_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::take(folder.path(), 1 << 16, 0);
        assert_eq!(size(folder.path()), Some(1 << 16));
        assert_eq!((reserve.give_up(), reserve.give_up()), (true, false));
        assert_eq!(size(folder.path()), None);
        assert_eq!(reserve.check_room(), Ok(()));
        assert_eq!(size(folder.path()), Some(1 << 16));
        assert!(reserve.give_up());
    }

    #[test]
    fn it_takes_a_small_part_of_the_free_disk_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::take(folder.path(), 0, u64::MAX / 2);
        assert_eq!(reserve.size_within(1000), 0);
        let reserve = Reserve { most: 256, ..reserve };
        assert_eq!((reserve.size_within(1000), reserve.size_within(1 << 20)), (50, 256));
    }

    #[test]
    fn a_disk_with_little_room_is_told_and_no_reserve_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::take(folder.path(), 1 << 16, u64::MAX / 2);
        assert_eq!(size(folder.path()), None);
        let problem = reserve.check_room().unwrap_err();
        assert!(problem.contains("MiB are free on the disk, fewer than"), "{problem}");
    }
}
