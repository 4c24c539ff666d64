//! The spool's file: opened and checked, or moved aside where it cannot be read.

use crate::store::OpenError;
use crate::store::backend::{SqliteBackend, find_damage};
use crate::store::files::{database_files, make_database_private};
use crate::store::migrations::{MigrateError, migrate_by};
use crate::store::sql::{SqlError, SqliteDb};
use ngoma_message::Timestamp;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The spool's file within the data folder.
const FILE: &str = "spool.db";
/// Every version's change, oldest first.
pub(super) const MIGRATIONS: &[&str] = &["
    -- What arrived, in order. `sum` is a checksum of the body: what the disk has changed is not taken for a message.
    CREATE TABLE entry (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        channel INTEGER NOT NULL,
        at INTEGER NOT NULL,
        sum BLOB NOT NULL,
        body TEXT NOT NULL
    );
    -- What the store refused or nobody can read, for a person to look at.
    CREATE TABLE refused (
        number INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        reason TEXT NOT NULL
    );
"];

/// Opens the file of a data folder, made when it is missing. One that cannot be read is kept under another name, and
/// the spool begins anew.
pub(super) fn open(folder: &Path) -> Result<SqliteDb, OpenError> {
    let file = folder.join(FILE);
    match open_checked(&file) {
        Ok(db) => Ok(db),
        Err(NotOpened::Newer { found, known }) => Err(OpenError::Newer { found, known }),
        Err(NotOpened::Now(problem)) => Err(in_folder(folder, problem)),
        Err(NotOpened::Damaged(problem)) => {
            let kept = move_aside(&file).map_err(|error| in_folder(folder, error))?;
            tracing::error!(file = %kept.display(), problem, "the spool cannot be read: messages in it are not lost, but a person must look at the file");
            open_checked(&file).map_err(|_| in_folder(folder, "a new spool cannot be made"))
        }
    }
}

/// How many files were moved aside and are still there.
pub(super) fn count_aside(folder: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(folder) else {
        return 0;
    };
    let names = files.flatten().filter_map(|file| file.file_name().into_string().ok());
    let is_aside = |name: &String| name.starts_with(&format!("{FILE}.corrupt-")) && !is_beside(name);
    names.filter(is_aside).count() as u64
}

enum NotOpened {
    /// It is of a later version.
    Newer { found: u32, known: u32 },
    /// The disk does not give it now.
    Now(String),
    /// What it holds cannot be read.
    Damaged(String),
}

impl From<SqlError> for NotOpened {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Refused(problem) => Self::Damaged(problem),
            error => Self::Now(error.to_string()),
        }
    }
}

fn open_checked(file: &Path) -> Result<SqliteDb, NotOpened> {
    make_database_private(file).map_err(|error| NotOpened::Now(error.to_string()))?;
    let mut db = SqliteBackend::open_for_writing(file, None)?;
    if let Some(damage) = find_damage(&mut db)? {
        return Err(NotOpened::Damaged(damage));
    }
    migrate_by(&mut db, MIGRATIONS).map_err(|error| match error {
        MigrateError::Newer { found, known } => NotOpened::Newer { found, known },
        MigrateError::Sql(error) => error.into(),
    })?;
    Ok(db)
}

/// Gives the file and those beside it another name; says which.
fn move_aside(file: &Path) -> std::io::Result<PathBuf> {
    let mut aside = file.as_os_str().to_owned();
    aside.push(format!(
        ".corrupt-{}",
        Timestamp::now().to_datetime().format("%Y%m%dT%H%M%S%6f")
    ));
    let aside = PathBuf::from(aside);
    for (from, to) in database_files(file).iter().zip(database_files(&aside)) {
        match std::fs::rename(from, to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn is_beside(name: &str) -> bool {
    name.ends_with("-wal") || name.ends_with("-shm")
}

fn in_folder(folder: &Path, problem: impl std::fmt::Display) -> OpenError {
    OpenError::Folder {
        folder: folder.to_owned(),
        problem: format!("the spool: {problem}"),
    }
}
