//! PostgreSQL, through the synchronous client: a connection belongs to one thread of the store.

use super::cell::{Cell, Row};
use super::tls::{self, Way};
use super::{Db, Dialect, Insert, Param, SqlError, as_dollars};
use bytes::BytesMut;
use ngoma_message::Timestamp;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Statement};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a transaction may stand still before the server ends it: one whose process was stopped must not hold up those
/// who take its work over.
const STANDSTILL: Duration = Duration::from_secs(3);
/// How many rows one statement inserts, largest first: few sizes, so that few statements are prepared.
const ROWS_AT_ONCE: [usize; 6] = [100, 40, 16, 6, 2, 1];
/// How many statements a connection keeps prepared before it begins anew.
const PREPARED_STATEMENTS: usize = 256;
/// The schema all tables are in: another program's tables in the same database are left alone.
pub(crate) const SCHEMA: &str = "ngoma";

/// A connection to a PostgreSQL database.
pub(crate) struct PostgresDb {
    client: Client,
    prepared: HashMap<String, Statement>,
    inserts: HashMap<(Insert, usize), Statement>,
    /// Rows that wait for others of their kind; nothing while rows are inserted at once.
    gathered: Option<Vec<Gathered>>,
}

/// Rows of one kind.
struct Gathered {
    insert: Insert,
    rows: Vec<Vec<Param<'static>>>,
}

impl PostgresDb {
    /// Connects; the tables are looked for in [`SCHEMA`].
    pub(crate) fn connect(url: &str) -> Result<Self, SqlError> {
        let Way { mut config, tls } = tls::read(url)?;
        config
            .connect_timeout(CONNECT_WITHIN)
            .application_name("ngoma")
            .tcp_user_timeout(Duration::from_secs(30));
        let mut client = match tls {
            Some(tls) => config.connect(tls)?,
            None => config.connect(NoTls)?,
        };
        client.batch_execute(&format!(
            "SET search_path TO {SCHEMA}; SET synchronous_commit TO on; SET client_min_messages TO warning; \
             SET idle_in_transaction_session_timeout TO {}",
            STANDSTILL.as_millis()
        ))?;
        Ok(Self {
            client,
            prepared: HashMap::new(),
            inserts: HashMap::new(),
            gathered: None,
        })
    }

    /// From now on a statement is planned once, by its indexes: for connections whose statements each find a few rows by a
    /// key. Planning one anew for all partitions costs the server more than running it, and a plan made while a table is
    /// small must hold when it is large. Citus plans by the values, to find the shard: there it is left to.
    pub(crate) fn plan_once(&mut self) -> Result<(), SqlError> {
        let by_values = self.number("SELECT count(*) FROM pg_extension WHERE extname::text = 'citus'", &[])?;
        match by_values {
            0 => self.script("SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off"),
            _ => Ok(()),
        }
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, SqlError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= PREPARED_STATEMENTS {
            self.prepared.clear();
        }
        let statement = self.client.prepare(&as_dollars(sql))?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// An insert is found by its kind: its text is long.
    fn prepare_insert(&mut self, insert: Insert, rows: usize) -> Result<Statement, SqlError> {
        if let Some(statement) = self.inserts.get(&(insert, rows)) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&as_dollars(&text_of(insert, rows)))?;
        self.inserts.insert((insert, rows), statement.clone());
        Ok(statement)
    }

    /// Inserts what waits, kind by kind.
    fn insert_waiting(&mut self) -> Result<(), SqlError> {
        self.insert_those(|_| true)
    }

    /// Inserts what waits of the tables a statement names: it may read them. A word that only looks like one does no harm.
    fn insert_named(&mut self, sql: &str) -> Result<(), SqlError> {
        self.insert_those(|kind| sql.contains(kind.insert.table()))
    }

    fn insert_those(&mut self, are_wanted: impl Fn(&Gathered) -> bool) -> Result<(), SqlError> {
        let Some(gathered) = &mut self.gathered else {
            return Ok(());
        };
        let wanted: Vec<Gathered> = gathered.extract_if(.., |kind| are_wanted(kind)).collect();
        for Gathered { insert, rows } in wanted {
            self.insert_now(insert, &rows)?;
        }
        Ok(())
    }

    fn insert_now(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
        let mut returned = Vec::new();
        let mut rest = rows;
        for size in ROWS_AT_ONCE {
            while rest.len() >= size {
                let (now, later) = rest.split_at(size);
                let statement = self.prepare_insert(insert, size)?;
                let params: Vec<&(dyn ToSql + Sync)> =
                    now.iter().flatten().map(|param| param as &(dyn ToSql + Sync)).collect();
                for row in &self.client.query(&statement, &params)? {
                    returned.push(read(row)?);
                }
                rest = later;
            }
        }
        Ok(returned)
    }
}

impl Db for PostgresDb {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn time(&mut self) -> Result<Timestamp, SqlError> {
        let micros = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        self.number(micros, &[]).map(Timestamp::from_micros)
    }

    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SqlError> {
        self.insert_named(sql)?;
        let statement = self.prepare(sql)?;
        Ok(self.client.execute(&statement, &as_sql(params))?)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.insert_named(sql)?;
        let statement = self.prepare(sql)?;
        let rows = self.client.query(&statement, &as_sql(params))?;
        rows.iter().map(read).collect()
    }

    fn script(&mut self, sql: &str) -> Result<(), SqlError> {
        self.insert_waiting()?;
        Ok(self.client.batch_execute(sql)?)
    }

    fn insert(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<Vec<Row>, SqlError> {
        self.insert_named(insert.into)?;
        self.insert_now(insert, rows)
    }

    fn insert_unasked(&mut self, insert: Insert, rows: &[Vec<Param<'_>>]) -> Result<(), SqlError> {
        let gathered = match &mut self.gathered {
            Some(gathered) if rows.len() < ROWS_AT_ONCE[0] => gathered,
            _ => return self.insert_now(insert, rows).map(drop),
        };
        let rows = rows.iter().map(|row| row.iter().map(Param::to_owned).collect());
        match gathered.iter_mut().find(|kind| kind.insert == insert) {
            Some(kind) => kind.rows.extend(rows),
            None => gathered.push(Gathered {
                insert,
                rows: rows.collect(),
            }),
        }
        // No more than one statement takes, whatever a transaction brings together.
        self.insert_those(|kind| kind.rows.len() >= ROWS_AT_ONCE[0])
    }

    fn gather(&mut self) {
        self.gathered = Some(Vec::new());
    }

    fn insert_gathered(&mut self) -> Result<(), SqlError> {
        self.insert_waiting()?;
        self.gathered = None;
        Ok(())
    }

    fn forget_gathered(&mut self) {
        self.gathered = None;
    }
}

fn text_of(insert: Insert, rows: usize) -> String {
    let mut sql = format!("INSERT INTO {} VALUES ", insert.into);
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=insert.columns {
            let comma = if column == 1 { "" } else { ", " };
            sql.push_str(&format!("{comma}?{}", row * insert.columns + column));
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(insert.tail);
    sql
}

fn as_sql<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT2) => i16::try_from(*value)?.to_sql(ty, out),
            (Self::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Self::Int(value), &Type::BOOL) => (*value != 0).to_sql(ty, out),
            (Self::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Self::Real(value), &Type::FLOAT8) => value.to_sql(ty, out),
            (Self::Text(value), &Type::TEXT | &Type::VARCHAR) => without_nul(value).to_sql(ty, out),
            (Self::Bytes(value), &Type::BYTEA) => value.as_ref().to_sql(ty, out),
            (Self::Id(value), &Type::UUID | &Type::BYTEA) => {
                out.extend_from_slice(value);
                Ok(IsNull::No)
            }
            (param, ty) => Err(format!("{param:?} does not go into a column of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// PostgreSQL's texts cannot hold the character NUL; what a person sent is kept without it.
fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}

fn read(row: &postgres::Row) -> Result<Row, SqlError> {
    let cells = (0..row.len()).map(|column| cell(row, column));
    Ok(Row(cells.collect::<Result<_, postgres::Error>>()?))
}

fn cell(row: &postgres::Row, column: usize) -> Result<Cell, postgres::Error> {
    let wrap = |value: Option<Cell>| value.unwrap_or(Cell::Null);
    Ok(match *row.columns()[column].type_() {
        Type::INT8 => wrap(row.try_get::<_, Option<i64>>(column)?.map(Cell::Int)),
        Type::INT4 => wrap(
            row.try_get::<_, Option<i32>>(column)?
                .map(|value| Cell::Int(value.into())),
        ),
        Type::INT2 => wrap(
            row.try_get::<_, Option<i16>>(column)?
                .map(|value| Cell::Int(value.into())),
        ),
        Type::BOOL => wrap(
            row.try_get::<_, Option<bool>>(column)?
                .map(|value| Cell::Int(value.into())),
        ),
        Type::FLOAT8 => wrap(row.try_get::<_, Option<f64>>(column)?.map(Cell::Real)),
        Type::UUID => wrap(
            row.try_get::<_, Option<uuid::Uuid>>(column)?
                .map(|value| Cell::Bytes(value.as_bytes().to_vec())),
        ),
        Type::BYTEA => wrap(row.try_get::<_, Option<Vec<u8>>>(column)?.map(Cell::Bytes)),
        Type::VOID => Cell::Null,
        _ => wrap(row.try_get::<_, Option<String>>(column)?.map(Cell::Text)),
    })
}

impl From<postgres::Error> for SqlError {
    fn from(error: postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            // Without a word of the server's: the line to it broke, or a value does not fit a column.
            let is_line = error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
            if with_cause(&error).contains("does not support TLS") {
                let advice = "switch it on there (ssl = on), or take sslmode out of the address";
                return Self::Refused(format!("the server offers no TLS: {advice}"));
            }
            return match is_line || error.to_string().starts_with("error connecting") {
                true => Self::Unavailable(format!("PostgreSQL: {}", with_cause(&error))),
                false => Self::Refused(with_cause(&error)),
            };
        };
        let code = told.code();
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
            return Self::Conflict(told.message().to_owned());
        }
        // Connection exceptions, resources, operator intervention, system errors: the server is not well. A transaction
        // that stood still is ended by it, and the connection with it.
        let passes = ["08", "53", "57", "58", "25P03"];
        match passes.iter().any(|class| code.code().starts_with(class)) {
            true => Self::Unavailable(format!("PostgreSQL: {}", told.message())),
            false => Self::Refused(told.message().to_owned()),
        }
    }
}

fn with_cause(error: &postgres::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngoma_testkit::servers;

    #[test]
    fn rows_are_inserted_by_one_text() {
        let insert = Insert {
            into: "a (x, y)",
            columns: 2,
            tail: "ON CONFLICT DO NOTHING",
        };
        assert_eq!(
            text_of(insert, 2),
            "INSERT INTO a (x, y) VALUES (?1, ?2), (?3, ?4) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn rows_that_wait_are_there_for_whoever_names_their_table() {
        if !servers::available() {
            return;
        }
        let database = servers::postgres().database();
        let [mut writer, mut other] = [(); 2].map(|()| PostgresDb::connect(&database.url()).unwrap());
        let tables = "CREATE SCHEMA ngoma; CREATE TABLE ngoma.a (x bigint); CREATE TABLE ngoma.b (x bigint)";
        writer.script(tables).unwrap();
        let into = |into| Insert {
            into,
            columns: 1,
            tail: "",
        };
        let count = |db: &mut PostgresDb, table| db.number(&format!("SELECT count(*) FROM {table}"), &[]).unwrap();
        writer.gather();
        for insert in [into("ngoma.a (x)"), into("ngoma.b (x)")] {
            writer.insert_unasked(insert, &[vec![Param::Int(1)]]).unwrap();
        }
        assert_eq!(count(&mut other, "ngoma.a"), 0, "it waits");
        assert_eq!(count(&mut writer, "ngoma.a"), 1);
        assert_eq!(count(&mut other, "ngoma.b"), 0, "nobody named it");
        writer.insert_gathered().unwrap();
        assert_eq!(count(&mut other, "ngoma.b"), 1);
        writer.gather();
        writer
            .insert_unasked(into("ngoma.a (x)"), &[vec![Param::Int(2)]])
            .unwrap();
        writer.forget_gathered();
        assert_eq!(count(&mut writer, "ngoma.a"), 1, "its transaction was undone");
    }
}
