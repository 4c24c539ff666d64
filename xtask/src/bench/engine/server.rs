//! The ngoma under load: the release binary on an empty data folder, with one account whose channel is paused at first.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::backends::{BackEnd, Kind};
use crate::bench::disk;
use crate::process::{self, Running};
use crate::repo::Repo;

/// The account's channel.
pub const CHANNEL: &str = "sms";
/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:9";
const START: Duration = Duration::from_secs(30);

/// A server and its back end, until it is dropped.
pub struct Server {
    /// Before the back end and the folder, so that it is gone when they go.
    running: Running,
    back_end: Box<dyn BackEnd>,
    folder: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
    /// What lets the load program in.
    pub token: String,
}

impl Server {
    /// Starts both in folders of their own.
    pub fn start(repo: &Repo, kind: &Kind) -> Result<Server> {
        // Under the target folder, which is on a disk: the usual place for temporary files may be memory.
        fs::create_dir_all(&repo.target)?;
        disk::ensure_not_memory(&repo.target)?;
        let folder = tempfile::Builder::new()
            .prefix("bench-engine-")
            .tempdir_in(&repo.target)?;
        let back_end = (kind.start)(folder.path())?;
        let address = process::free_address()?;
        let mut command = Command::new(repo.release_binary());
        command
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(folder.path().join("data"))
            .args(back_end.arguments());
        let running = Running::start(command.current_dir(folder.path()), &folder.path().join("serve.log"))?;
        let mut server = Server {
            running,
            back_end,
            folder,
            address,
            token: String::new(),
        };
        server.running.wait_until_ready(address, START)?;
        server.pause_channel(repo)?;
        server.token = server.make_token(repo, "bench")?;
        Ok(server)
    }

    /// Its first process.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// What holds its messages.
    pub fn back_end(&self) -> &dyn BackEnd {
        self.back_end.as_ref()
    }

    /// The one number that a query of its database gives.
    pub fn number(&self, query: &str) -> Result<u64> {
        self.back_end.number(&self.folder.path().join("data"), query)
    }

    /// Nothing is sent: a message stays where it was accepted.
    pub fn pause_channel(&self, repo: &Repo) -> Result<()> {
        self.declare(repo, NOWHERE, true)
    }

    /// What waits is sent to this provider.
    pub fn open_channel(&self, repo: &Repo, provider: SocketAddr) -> Result<()> {
        self.declare(repo, &provider.to_string(), false)
    }

    fn declare(&self, repo: &Repo, provider: &str, paused: bool) -> Result<()> {
        let declaration = format!(
            "[account.bench.channel.{CHANNEL}]
            type = 'http_json'
            address = '31022'
            country = 'ZA'
            config = {{ send_url = 'http://{provider}/send', allow_private = true }}
            policy = {{ paused = {paused} }}
            "
        );
        self.apply(repo, &declaration)
    }

    /// Has the server as this declares.
    pub fn apply(&self, repo: &Repo, declaration: &str) -> Result<()> {
        let document = self.folder.path().join("bench.toml");
        fs::write(&document, declaration)?;
        let document = document.to_str().context("the scratch folder's path is not UTF-8")?;
        self.command(repo, &["apply", document]).map(drop)
    }

    /// Lets a program of that account in.
    pub fn make_token(&self, repo: &Repo, account: &str) -> Result<String> {
        let told = self.command(repo, &["token", "create", account])?;
        let token = told.split_whitespace().last().context("ngoma token says nothing")?;
        Ok(token.to_owned())
    }

    /// Runs a command of ngoma on its data folder; gives what it printed.
    fn command(&self, repo: &Repo, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(repo.release_binary());
        command
            .args(arguments)
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .current_dir(self.folder.path());
        let finished = process::finish(&mut command, &self.folder.path().join("command.log"))?;
        ensure!(
            finished.status.success(),
            "ngoma {} failed\n{}",
            arguments.join(" "),
            finished.text
        );
        Ok(finished.text)
    }
}
