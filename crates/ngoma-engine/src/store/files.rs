//! The files of a data folder: they hold what people wrote, so only their owner may read them.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Makes the folder for its owner only, unless it is there.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a file for its owner only, or takes one that is there from everybody else.
pub(super) fn make_private(file: &Path) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => close_to_others(file),
        made => made.map(drop),
    }
}

/// Takes a file that may be there from everybody but its owner.
fn close_to_others(file: &Path) -> Result<()> {
    match std::fs::set_permissions(file, Permissions::from_mode(0o600)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        set => set,
    }
}

/// The files of a SQLite database: itself, its write-ahead log, and what its readers share.
pub(crate) fn database_files(file: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        name.into()
    })
}

/// Whether a database has a write-ahead log that was not moved into it: its process ended without closing it.
pub(super) fn has_log(file: &Path) -> bool {
    let [_, log, _] = database_files(file);
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// SQLite makes the files beside a database with its permissions; those of an earlier process may be open.
pub(crate) fn make_database_private(file: &Path) -> Result<()> {
    make_private(file)?;
    database_files(file).iter().try_for_each(|file| close_to_others(file))
}

/// What a data folder is called in the store, whatever its path and machine: a name made when it is first opened.
pub(super) fn folder_name(folder: &Path) -> Result<String> {
    let file = folder.join("folder-id");
    match std::fs::read_to_string(&file) {
        Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make_private(&file)?;
    let name = ngoma_message::MessageId::generate().to_string();
    std::fs::write(&file, format!("{name}\n"))?;
    Ok(name)
}
