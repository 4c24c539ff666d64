//! The store's schema, one SQL text per version; texts that were released never change.

use super::OpenError;
use rusqlite::Connection;

/// Every version's change, oldest first; a store's version is how many were applied.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

/// Brings a store to this version. A store of a later version is refused untouched.
pub(super) fn migrate(db: &mut Connection) -> Result<(), MigrateError> {
    migrate_by(db, MIGRATIONS)
}

/// Why a store could not be brought to this version.
#[derive(Debug, thiserror::Error)]
pub(super) enum MigrateError {
    /// It was written by a later version.
    #[error("schema {found} is newer than {known}")]
    Newer {
        /// The schema found.
        found: u32,
        /// The latest one known.
        known: u32,
    },
    /// SQLite refused.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
}

impl MigrateError {
    /// The same for the one who opens the folder.
    pub(super) fn for_folder(self, folder: &std::path::Path) -> OpenError {
        match self {
            Self::Newer { found, known } => OpenError::Newer { found, known },
            Self::Sql(error) => OpenError::folder(folder, error),
        }
    }
}

fn migrate_by(db: &mut Connection, migrations: &[&str]) -> Result<(), MigrateError> {
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(MigrateError::Newer { found, known });
    }
    for (version, sql) in (1u32..).zip(migrations).skip(found as usize) {
        let change = db.transaction()?;
        change.execute_batch(sql)?;
        change.pragma_update(None, "user_version", version)?;
        change.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_apply_once_and_in_order() {
        let mut db = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE a (x)";
        migrate_by(&mut db, &[first]).unwrap();
        migrate_by(&mut db, &[first, "ALTER TABLE a ADD COLUMN y"]).unwrap();
        migrate_by(&mut db, &[first, "ALTER TABLE a ADD COLUMN y"]).unwrap();
        db.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
    }

    #[test]
    fn a_failing_migration_changes_nothing() {
        let mut db = Connection::open_in_memory().unwrap();
        let error = migrate_by(&mut db, &["CREATE TABLE a (x); CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(error, MigrateError::Sql(_)));
        migrate_by(&mut db, &["CREATE TABLE a (x)"]).unwrap();
    }

    #[test]
    fn a_store_of_a_later_version_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_by(&mut db, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let error = migrate_by(&mut db, &["CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(error, MigrateError::Newer { found: 2, known: 1 }));
    }
}
