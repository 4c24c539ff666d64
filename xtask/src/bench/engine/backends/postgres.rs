//! PostgreSQL: a private server from Debian's package, durable, with settings as an operator would have them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::{BackEnd, Kind, read_number};
use crate::bench::{cpu, disk};
use crate::process::{self, Running};
use crate::test::tools::POSTGRES;

/// Many processes on one database.
pub const KIND: Kind = Kind {
    name: "postgres",
    is_store: true,
    lists_a_second: 12_000.0,
    singles_a_second: 4_000.0,
    start: |folder| Ok(Box::new(Postgres::start(folder)?)),
    needs: &[POSTGRES],
};

/// How the server differs from the package's defaults.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "fsync=on",
    "synchronous_commit=on",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
    "log_min_messages=warning",
];
/// The user it runs as when the bench runs as root, which it refuses to run as.
const SYSTEM_USER: &str = "postgres";
/// Where its files are when that user cannot reach the bench's folder.
const ELSEWHERE: &str = "/var/tmp";
const START: Duration = Duration::from_secs(30);

struct Postgres {
    running: Running,
    programs: PathBuf,
    address: SocketAddr,
    /// Last, so that the server is gone when its files go.
    _folder: TempDir,
}

impl Postgres {
    fn start(scratch: &Path) -> Result<Postgres> {
        // Its own folder has the other programs, a link to it need not.
        let initdb = POSTGRES
            .find()
            .context("PostgreSQL's initdb is missing")?
            .canonicalize()?;
        let programs = initdb.parent().context("initdb has no folder")?.to_owned();
        let (user, folder) = (user()?, make_folder(scratch)?);
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let command = |program: &str| command(&programs.join(program), folder.path(), user);
        let mut initdb = command("initdb");
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--pgdata=data",
        ]);
        let made = process::finish(&mut initdb, &scratch.join("initdb.log"))?;
        ensure!(made.status.success(), "initdb failed\n{}", made.text);
        let address = process::free_address()?;
        let mut server = command("postgres");
        server
            .args(["-D", "data", "-p", &address.port().to_string(), "-k"])
            .arg(folder.path());
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        let mut running = Running::start(&mut server, &scratch.join("postgres.log"))?;
        let status = folder.path().join("data/postmaster.pid");
        running.wait_until(START, || is_ready(&status))?;
        Ok(Postgres {
            running,
            programs,
            address,
            _folder: folder,
        })
    }
}

impl BackEnd for Postgres {
    fn arguments(&self) -> Vec<String> {
        let url = format!("postgres://postgres@{}/postgres", self.address);
        vec!["--store".to_owned(), url]
    }

    fn cpu(&self) -> Option<Duration> {
        Some(cpu::of_family(self.running.pid()))
    }

    /// Vacuums, analyzes and writes what is dirty: otherwise a measurement would be charged for the filling before it.
    fn settle(&self) -> Result<()> {
        for statement in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
            let done = self.psql(statement).status().context("run psql")?;
            ensure!(done.success(), "{statement} failed");
        }
        Ok(())
    }

    fn number(&self, _data: &Path, query: &str) -> Result<u64> {
        let query = format!("SET search_path TO ngoma; {query}");
        read_number(self.psql(&query).output().context("run psql")?)
    }
}

impl Postgres {
    fn psql(&self, statement: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--username=postgres", "--host=127.0.0.1", "--dbname=postgres"])
            .args(["--port", &self.address.port().to_string()])
            .args(["--command", statement]);
        psql
    }
}

fn command(program: &Path, folder: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// The user to run as and its group; nothing when that is whoever runs the bench.
fn user() -> Result<Option<(u32, u32)>> {
    // SAFETY: geteuid has no preconditions and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
    let found = find_user(&users, SYSTEM_USER).context("there is no user postgres: install postgresql")?;
    Ok(Some(found))
}

/// Reads `postgres:x:101:103:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash`.
fn find_user(users: &str, name: &str) -> Option<(u32, u32)> {
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.first() == Some(&name))?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

/// A folder on the disk that the system's user can reach.
fn make_folder(scratch: &Path) -> Result<TempDir> {
    let parent = scratch.parent().unwrap_or(scratch);
    let place = if is_open_to_all(parent) {
        parent
    } else {
        Path::new(ELSEWHERE)
    };
    disk::ensure_not_memory(place)?;
    Ok(tempfile::Builder::new().prefix("bench-postgres-").tempdir_in(place)?)
}

/// Whether everybody may pass through this folder and those above it.
fn is_open_to_all(folder: &Path) -> bool {
    const PASS: u32 = 0o001;
    folder
        .ancestors()
        .all(|folder| fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & PASS != 0))
}

/// Reads the file in which the server says how it is, as `pg_ctl` does: its state is in line 8.
fn is_ready(status: &Path) -> bool {
    let text = fs::read_to_string(status).unwrap_or_default();
    text.lines().nth(7).map(str::trim) == Some("ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "postgres2:x:1:2::/:/bin/sh\npostgres:x:101:103:Admin,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_user(users, "postgres"), Some((101, 103)));
        assert_eq!(find_user(users, "rabbitmq"), None);
    }

    #[test]
    fn a_folder_in_a_private_one_cannot_be_reached() {
        let private = tempfile::tempdir().unwrap();
        let inside = private.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::set_permissions(private.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!is_open_to_all(&inside));
        assert!(is_open_to_all(Path::new("/")));
    }

    #[test]
    fn a_server_is_ready_when_its_own_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("postmaster.pid");
        let check = |text: &str, expected| {
            fs::write(&file, text).unwrap();
            assert_eq!(is_ready(&file), expected, "{text:?}");
        };
        check("12\n/data\n1795\n5432\n/run\n127.0.0.1\n 54 0\nready   \n", true);
        check("12\n/data\n1795\n5432\n/run\n127.0.0.1\n 54 0\nstarting\n", false);
        check("12\n/data\n", false);
    }
}
