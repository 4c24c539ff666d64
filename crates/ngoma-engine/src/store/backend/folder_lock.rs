//! The writer's lease: a lock on a file of the data folder, held by the one process that writes.

use crate::store::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to wait between two looks at a lease somebody else holds.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The lease; it ends with this value, and with the process in any case.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// Takes the lease, waiting so long for a predecessor to let go of it.
pub(crate) async fn take(folder: &Path, wait: Duration) -> Result<FolderLock, OpenError> {
    let path = folder.join("writer.lock");
    crate::store::files::make_private(&path).map_err(|error| OpenError::folder(folder, error))?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| OpenError::folder(folder, error))?;
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) if begin.elapsed() < wait => tokio::time::sleep(LOOK_EVERY).await,
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(OpenError::folder(folder, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_held_lease_is_refused_and_a_released_one_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let held = take(folder.path(), Duration::ZERO).await.unwrap();
        let error = take(folder.path(), Duration::ZERO).await.unwrap_err();
        assert!(error.to_string().starts_with("another ngoma uses this data folder"));
        drop(held);
        take(folder.path(), Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn a_successor_waits_for_its_predecessor() {
        let folder = tempfile::tempdir().unwrap();
        let held = take(folder.path(), Duration::ZERO).await.unwrap();
        let path = folder.path().to_owned();
        let successor = tokio::spawn(async move { take(&path, Duration::from_secs(60)).await });
        tokio::task::yield_now().await;
        drop(held);
        successor.await.unwrap().unwrap();
    }
}
