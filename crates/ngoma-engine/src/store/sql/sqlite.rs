//! SQLite, through rusqlite.

use super::cell::{Cell, Row};
use super::{Db, Dialect, Insert, Param, SqlError};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, ffi};

/// A connection to a SQLite file.
pub(crate) struct SqliteDb(pub(crate) Connection);

impl Db for SqliteDb {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SqlError> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, params)?;
        Ok(statement.raw_execute()? as u64)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, params)?;
        let columns = statement.column_count();
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
            rows.push(Row(cells.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn script(&mut self, sql: &str) -> Result<(), SqlError> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn insert(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
        let places: Vec<String> = (1..=insert.columns).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "INSERT INTO {} VALUES ({}) {}",
            insert.into,
            places.join(", "),
            insert.tail
        );
        let mut returned = Vec::new();
        for row in rows {
            returned.extend(self.query(&sql, row)?);
        }
        Ok(returned)
    }
}

fn bind(statement: &mut Statement<'_>, params: &[Param<'_>]) -> Result<(), rusqlite::Error> {
    for (place, param) in (1..).zip(params) {
        statement.raw_bind_parameter(place, param)?;
    }
    Ok(())
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Self::Id(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(value) => Cell::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Cell::Bytes(value.to_vec()),
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        // After a failed fsync the kernel may have dropped the pages: trying again would report success for lost data.
        let lost = [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC];
        if error
            .sqlite_error()
            .is_some_and(|code| lost.contains(&code.extended_code))
        {
            return Self::DiskLost(error.to_string());
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Unavailable("the disk is full".into()),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}
