//! SQLite: one file in the data folder, written by ngoma itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{BackEnd, Kind, read_number};
use crate::test::tools::SQLITE;

/// The embedded default.
pub const KIND: Kind = Kind {
    name: "sqlite",
    is_store: true,
    lists_a_second: 8_000.0,
    singles_a_second: 4_000.0,
    start: |_| Ok(Box::new(Sqlite)),
    needs: &[SQLITE],
};

struct Sqlite;

impl BackEnd for Sqlite {
    fn arguments(&self) -> Vec<String> {
        ["--store", "sqlite"].map(str::to_owned).into()
    }

    fn cpu(&self) -> Option<Duration> {
        None
    }

    fn number(&self, data: &Path, query: &str) -> Result<u64> {
        let program = SQLITE.find().context("sqlite3 is missing")?;
        let mut command = Command::new(program);
        command.args(["-batch", "-readonly"]).arg(data.join("ngoma.db"));
        read_number(command.arg(query).output().context("run sqlite3")?)
    }
}
