//! PostgreSQL servers for tests, from Debian's `postgresql` package.

use super::daemon::Daemon;
use super::ports::steady_port;
use super::programs::{missing, postgres_folder, search_path};
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The user PostgreSQL runs as when the tests run as root, which it refuses to run as.
const SYSTEM_USER: &str = "postgres";

/// How the server differs from its defaults. Nobody loses power in a test, so nothing is flushed; what a transaction
/// wrote outlives the death of the server all the same.
const SETTINGS: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=200",
    "log_min_messages=warning",
];

/// A PostgreSQL server that a test owns and may harm. It listens on a port of 127.0.0.1 and trusts everybody there.
pub struct PostgresServer {
    daemon: Daemon,
    psql: Psql,
    programs: PathBuf,
    databases: AtomicU32,
}

/// The server that all tests of a binary use, each with databases of its own.
pub struct SharedPostgres(PostgresServer);

/// An empty database made for one test; it goes with its server.
#[derive(Clone, Debug)]
pub struct Database {
    name: String,
    psql: Psql,
}

/// How the server is reached.
#[derive(Clone, Debug)]
struct Psql {
    program: PathBuf,
    socket_folder: PathBuf,
    port: u16,
}

impl PostgresServer {
    /// Makes a cluster in a temporary folder and starts a server for it on a free port.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        let programs = postgres_folder();
        let daemon = Daemon::new("PostgreSQL", "ngoma-pg-");
        let psql = Psql {
            program: programs.join("psql"),
            socket_folder: daemon.folder().to_owned(),
            port: steady_port(),
        };
        let server = Self {
            daemon,
            psql,
            programs,
            databases: AtomicU32::new(0),
        };
        server.make_cluster();
        server.launch();
        server
    }

    /// The address of a database, `postgres://postgres@127.0.0.1:PORT/NAME`; it stays the same over restarts.
    pub fn url(&self, database: &str) -> String {
        self.psql.url(database)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.psql.port
    }

    /// Makes an empty database.
    pub fn database(&self) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql
            .run("postgres", &format!("create database {name} template template0"));
        Database {
            name,
            psql: self.psql.clone(),
        }
    }

    /// Ends it at once as a crash does, all connections lost, as `pg_ctl stop -m immediate`.
    pub fn kill_immediate(&self) {
        self.daemon.end(libc::SIGQUIT);
    }

    /// Starts it again with its data, on its port; ends it first if it runs.
    pub fn restart(&self) {
        self.daemon.end(libc::SIGINT);
        self.launch();
    }

    /// Stops it where it is (`SIGSTOP`): connections stay open and nobody answers.
    pub fn pause(&self) {
        self.daemon.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.daemon.resume();
    }

    fn make_cluster(&self) {
        let folder = self.daemon.folder();
        if is_root() {
            let (user, group) = system_user();
            chown(folder, Some(user), Some(group)).expect("root may give it away");
        }
        let mut initdb = self.command("initdb");
        initdb
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .args(["--no-sync", "--pgdata=data"])
            .current_dir(folder);
        run(&mut initdb);
    }

    fn launch(&self) {
        let mut command = self.command("postgres");
        command.args(["-D", "data", "-p", &self.port().to_string(), "-k"]);
        command.arg(self.daemon.folder());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let status = self.daemon.folder().join("data/postmaster.pid");
        self.daemon.start(&mut command, |id| is_ready(&status, id));
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env_clear().env("PATH", search_path());
        if is_root() {
            let (user, group) = system_user();
            command.uid(user).gid(group);
        }
        command
    }
}

impl SharedPostgres {
    pub(super) fn new(server: PostgresServer) -> Self {
        Self(server)
    }

    /// Makes an empty database.
    pub fn database(&self) -> Database {
        self.0.database()
    }
}

impl Database {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, `postgres://postgres@127.0.0.1:PORT/NAME`.
    pub fn url(&self) -> String {
        self.psql.url(&self.name)
    }

    /// What a statement gives: a line for each row, its columns separated by `|`.
    ///
    /// # Panics
    /// When the statement fails.
    pub fn query(&self, sql: &str) -> String {
        self.psql.run(&self.name, sql)
    }
}

impl Psql {
    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs a statement through the socket in the server's folder.
    fn run(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(&self.program);
        psql.env_clear()
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--username=postgres",
            ])
            .arg("--host")
            .arg(&self.socket_folder)
            .args(["--port", &self.port.to_string(), "--dbname", database, "--command", sql]);
        run(&mut psql)
    }
}

/// Runs a program to its end and returns what it printed, without the last line's end.
fn run(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program}: {}\n{text}\n{errors}",
        output.status
    );
    text
}

/// Reads the file in which the server says how it is, as `pg_ctl` does: its id is in line 1, its state in line 8.
fn is_ready(status: &Path, id: u32) -> bool {
    let text = fs::read_to_string(status).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(&*id.to_string()) && lines.nth(6) == Some("ready")
}

fn is_root() -> bool {
    // SAFETY: geteuid has no preconditions and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// The ids of the user the package makes, and of its group.
fn system_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    find_user(&users, SYSTEM_USER).unwrap_or_else(|| panic!("{}", missing("the user postgres", "postgresql")))
}

/// Reads `postgres:x:101:103:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash`.
fn find_user(users: &str, name: &str) -> Option<(u32, u32)> {
    let is_named = |fields: &Vec<&str>| fields.first() == Some(&name);
    let fields = users.lines().map(|line| line.split(':').collect()).find(is_named)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers;
    use std::net::TcpStream;

    #[test]
    fn each_test_gets_an_empty_database_of_its_own() {
        if !servers::available() {
            return;
        }
        let (one, other) = (servers::postgres().database(), servers::postgres().database());
        assert_eq!(
            one.query("create table t (n int); insert into t values (1), (2); select n, n * 2 from t"),
            "1|2\n2|4"
        );
        assert_eq!(
            other.query("select count(*) from pg_tables where schemaname = 'public'"),
            "0"
        );
        assert_ne!(one.url(), other.url());
        assert_eq!(other.query("select current_database()"), other.name());
    }

    #[test]
    fn a_killed_server_starts_again_with_what_was_committed() {
        if !servers::available() {
            return;
        }
        let server = PostgresServer::start();
        let database = server.database();
        let url = database.url();
        database.query("create table t (n int); insert into t values (1)");
        server.kill_immediate();
        let address = ("127.0.0.1", server.port());
        TcpStream::connect(address).expect_err("it is gone");

        server.restart();
        assert_eq!(database.query("select n from t"), "1");
        assert_eq!(server.url(database.name()), url);
        TcpStream::connect(address).expect("it is where it was");

        server.pause();
        server.resume();
        server.restart();
        assert_eq!(database.query("select n from t"), "1");
    }

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "postgres2:x:1:2::/:/bin/sh\npostgres:x:101:103:Admin,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_user(users, "postgres"), Some((101, 103)));
        assert_eq!(find_user(users, "rabbitmq"), None);
        assert_eq!(find_user("postgres:x:", "postgres"), None);
    }

    #[test]
    fn a_server_is_ready_when_its_own_file_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("postmaster.pid");
        let check = |text: &str, expected| {
            fs::write(&file, text).expect("a file");
            assert_eq!(is_ready(&file, 12), expected, "{text:?}");
        };
        check("12\n/data\n1795\n5432\n/run\n127.0.0.1\n 54 0\nready   \n", true);
        check("12\n/data\n1795\n5432\n/run\n127.0.0.1\n 54 0\nstarting\n", false);
        check("11\n/data\n1795\n5432\n/run\n127.0.0.1\n 54 0\nready   \n", false);
        check("12\n/data\n", false);
    }
}
