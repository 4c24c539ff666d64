//! Another implementation in a process of its own: it says what happens as JSON, a line each, and is told what to do.

use crate::soon;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Where the installed packages are: the variable the suite sets.
pub fn packages() -> PathBuf {
    let folder = std::env::var_os("NGOMA_SMPP_PEERS");
    PathBuf::from(folder.expect("NGOMA_SMPP_PEERS: run cargo xtask test --only peers"))
}

/// A process that speaks SMPP.
pub struct Peer {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    orders: ChildStdin,
}

impl Peer {
    /// A script of node's.
    pub fn node(script: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("node");
        command.env("NODE_PATH", packages().join("node_modules"));
        Self::start(command, script, arguments)
    }

    /// A script of Python's.
    pub fn python(script: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(packages().join("venv/bin/python"));
        // Twisted warns that it has no service_identity.
        command.args(["-W", "ignore"]);
        Self::start(command, script, arguments)
    }

    fn start(mut command: Command, script: &str, arguments: &[&str]) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/smpp");
        let mut child = command
            .arg(scripts.join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let said = child.stdout.take().expect("it is piped");
        Self {
            orders: child.stdin.take().expect("it is piped"),
            lines: BufReader::new(said).lines(),
            _child: child,
        }
    }

    /// The next thing it says, which must be about `what`: its value, or all of it when there is more.
    pub async fn says(&mut self, what: &str) -> Value {
        let mut said = self.says_any().await;
        assert!(said.get(what).is_some(), "it says {said} instead of {what}");
        match said.as_object().is_some_and(|said| said.len() == 1) {
            true => said[what].take(),
            false => said,
        }
    }

    /// The next thing it says, whatever it is about.
    pub async fn says_any(&mut self) -> Value {
        let line = soon(self.lines.next_line())
            .await
            .expect("it can be read")
            .expect("it runs");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Tells it what to do.
    pub async fn tell(&mut self, order: Value) {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.expect("it listens");
    }
}
