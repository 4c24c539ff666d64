//! The store's schema, one SQL text per version and database; texts that were released never change.

use super::sql::{Db, Dialect, SqlError};

/// Every version's change on SQLite, oldest first; a store's version is how many were applied.
const SQLITE: &[&str] = &[
    include_str!("migrations/sqlite_0001_first.sql"),
    include_str!("migrations/sqlite_0002_accounts.sql"),
    include_str!("migrations/sqlite_0003_follow_ups.sql"),
    include_str!("migrations/sqlite_0004_shelves.sql"),
    include_str!("migrations/sqlite_0005_parts.sql"),
    include_str!("migrations/sqlite_0006_contacts.sql"),
    include_str!("migrations/sqlite_0007_hand_overs.sql"),
    include_str!("migrations/sqlite_0008_versions.sql"),
];
/// Every version's change on PostgreSQL.
const POSTGRES: &[&str] = &[
    include_str!("migrations/postgres_0001_first.sql"),
    include_str!("migrations/postgres_0002_follow_ups.sql"),
    include_str!("migrations/postgres_0003_shelves.sql"),
    include_str!("migrations/postgres_0004_parts.sql"),
    include_str!("migrations/postgres_0005_contacts.sql"),
    include_str!("migrations/postgres_0006_hand_overs.sql"),
    include_str!("migrations/postgres_0007_versions.sql"),
];
/// The lock that processes which migrate at once wait for each other by: the letters `ngoma`.
const LOCK: i64 = 0x6e_67_6f_6d_61;

/// Brings a store to this version; says which version it had. A store of a later version is refused untouched.
pub(super) fn migrate(db: &mut dyn Db) -> Result<(), MigrateError> {
    match db.dialect() {
        Dialect::Sqlite => migrate_by(db, SQLITE),
        Dialect::Postgres => {
            // Held by the connection, so that it ends with the process in any case.
            db.query("SELECT pg_advisory_lock(?1)", &[LOCK.into()])?;
            let migrated = prepare_schema(db)
                .map_err(MigrateError::from)
                .and_then(|()| migrate_by(db, POSTGRES));
            db.query("SELECT pg_advisory_unlock(?1)", &[LOCK.into()])?;
            migrated
        }
    }
}

/// Why a store could not be brought to this version.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    /// It was written by a later version.
    #[error("schema {found} is newer than {known}")]
    Newer {
        /// The schema found.
        found: u32,
        /// The latest one known.
        known: u32,
    },
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

fn prepare_schema(db: &mut dyn Db) -> Result<(), SqlError> {
    let schema = super::sql::SCHEMA;
    db.script(&format!(
        "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE IF NOT EXISTS {schema}.schema_version (version BIGINT NOT NULL)"
    ))
}

/// Brings a database to the last of these versions.
pub(crate) fn migrate_by(db: &mut dyn Db, migrations: &[&str]) -> Result<(), MigrateError> {
    let found = version(db)?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(MigrateError::Newer { found, known });
    }
    for (version, sql) in (1u32..).zip(migrations).skip(found as usize) {
        if let Err(error) = apply(db, version, sql) {
            db.script("ROLLBACK")?;
            return Err(error.into());
        }
    }
    Ok(())
}

/// The version a store has; 0 when it is empty.
fn version(db: &mut dyn Db) -> Result<u32, SqlError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "PRAGMA user_version",
        Dialect::Postgres => "SELECT coalesce(max(version), 0) FROM schema_version",
    };
    let found = db.number(sql, &[])?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

/// One version's change and its number, together or not at all.
fn apply(db: &mut dyn Db, version: u32, sql: &str) -> Result<(), SqlError> {
    db.script("BEGIN")?;
    db.script(sql)?;
    match db.dialect() {
        Dialect::Sqlite => db.script(&format!("PRAGMA user_version = {version}"))?,
        Dialect::Postgres => db.script(&format!("INSERT INTO schema_version (version) VALUES ({version})"))?,
    }
    db.script("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::SqliteDb;
    use rusqlite::Connection;

    fn empty() -> SqliteDb {
        SqliteDb(Connection::open_in_memory().unwrap())
    }

    #[test]
    fn migrations_apply_once_and_in_order() {
        let mut db = empty();
        let first = "CREATE TABLE a (x)";
        migrate_by(&mut db, &[first]).unwrap();
        migrate_by(&mut db, &[first, "ALTER TABLE a ADD COLUMN y"]).unwrap();
        migrate_by(&mut db, &[first, "ALTER TABLE a ADD COLUMN y"]).unwrap();
        db.execute("INSERT INTO a (x, y) VALUES (1, 2)", &[]).unwrap();
    }

    #[test]
    fn a_failing_migration_changes_nothing() {
        let mut db = empty();
        let error = migrate_by(&mut db, &["CREATE TABLE a (x); CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(error, MigrateError::Sql(_)));
        migrate_by(&mut db, &["CREATE TABLE a (x)"]).unwrap();
    }

    #[test]
    fn a_store_of_a_later_version_is_refused() {
        let mut db = empty();
        migrate_by(&mut db, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let error = migrate_by(&mut db, &["CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(error, MigrateError::Newer { found: 2, known: 1 }));
    }

    #[test]
    fn what_the_first_schema_held_is_held_by_the_latest() {
        let mut db = empty();
        migrate_by(&mut db, &SQLITE[..1]).unwrap();
        db.script(include_str!("migrations/sqlite_0001_sample.sql")).unwrap();
        migrate_by(&mut db, SQLITE).unwrap();
        let held = "SELECT count(*) FROM message AS m
            JOIN message AS r ON r.account = m.account AND r.id = m.root
            JOIN message_event AS e ON e.message = m.id JOIN trace AS t ON t.message = r.id
            JOIN carrier_id AS c ON c.message = m.id JOIN inbox AS i ON i.message = r.id
            JOIN work AS w ON w.item = m.id JOIN session AS s ON s.channel = m.channel
            JOIN kv AS k ON k.service = m.service JOIN service_log AS l ON l.service = m.service
            JOIN metric AS x ON x.service = m.service JOIN kv_count AS n ON n.service = m.service";
        assert_eq!(db.number(held, &[]).unwrap(), 1);
    }
}
