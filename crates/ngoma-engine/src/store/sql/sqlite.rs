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
        let mut rows = Vec::new();
        run(&mut statement, params, &mut rows)?;
        Ok(rows)
    }

    fn script(&mut self, sql: &str) -> Result<(), SqlError> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn insert(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
        let mut statement = self.0.prepare_cached(&text_of(insert))?;
        let mut returned = Vec::new();
        for row in rows {
            run(&mut statement, row, &mut returned)?;
        }
        Ok(returned)
    }
}

/// The statement for one row: one row after the other costs no more than many at once.
fn text_of(insert: Insert) -> String {
    let mut sql = String::with_capacity(insert.into.len() + insert.tail.len() + 2 * insert.columns + 32);
    sql.push_str("INSERT INTO ");
    sql.push_str(insert.into);
    for column in 0..insert.columns {
        sql.push_str(if column == 0 { " VALUES (?" } else { ",?" });
    }
    sql.push_str(") ");
    sql.push_str(insert.tail);
    sql
}

/// Runs a statement and adds the rows it gives.
fn run(statement: &mut Statement<'_>, params: &[Param<'_>], rows: &mut Vec<Row>) -> Result<(), rusqlite::Error> {
    bind(statement, params)?;
    let columns = statement.column_count();
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
        rows.push(Row(cells.collect::<Result<_, _>>()?));
    }
    Ok(())
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
            Some(ErrorCode::DiskFull) => Self::DiskFull,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_inserted_by_one_text() {
        let insert = Insert {
            into: "a (x, y)",
            columns: 2,
            tail: "RETURNING y",
        };
        assert_eq!(text_of(insert), "INSERT INTO a (x, y) VALUES (?,?) RETURNING y");
        let mut db = SqliteDb(Connection::open_in_memory().unwrap());
        db.script("CREATE TABLE a (x, y)").unwrap();
        let rows = [vec![Param::Int(1), Param::Int(2)], vec![Param::Int(3), Param::Null]];
        let returned = db.insert(insert, &rows).unwrap();
        assert_eq!(returned, [Row(vec![Cell::Int(2)]), Row(vec![Cell::Null])]);
    }
}
