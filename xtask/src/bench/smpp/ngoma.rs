//! Ours: the release binary on an empty data folder, with one account, one `smpp` channel and the light service.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::Bench;
use super::gateway::Gateway;
use super::stub::Stub;
use crate::http::Connection;
use crate::load::smsc::SERVICE;
use crate::load::submit::{PATH, Taken};
use crate::process::{self, Running};

const START: Duration = Duration::from_secs(30);
/// How long after the last answer of the SMSC a message may be shown as it was before.
const SHOWN: Duration = Duration::from_secs(10);

/// Starts it; it binds by itself.
pub fn start(bench: &Bench, stub: &Stub, folder: TempDir) -> Result<Gateway> {
    let address = process::free_address()?;
    let mut command = Command::new(bench.release("ngoma"));
    command
        .args(["serve", "--listen", &address.to_string(), "--data"])
        .arg(folder.path().join("data"))
        .current_dir(folder.path());
    let mut running = Running::start(&mut command, &folder.path().join("serve.log"))?;
    running.wait_until_ready(address, START)?;
    declare(bench, stub, &folder)?;
    let told = call(bench, &folder, &["token", "create", "bench"])?;
    let token = told.split_whitespace().last().context("ngoma token says nothing")?;
    Ok(Gateway {
        programs: vec![running],
        _folder: folder,
        address,
        flags: ["--channel", "sms", "--token", token].map(str::to_owned).to_vec(),
        token: token.to_owned(),
    })
}

fn declare(bench: &Bench, stub: &Stub, folder: &TempDir) -> Result<()> {
    bench.repo.copy_files("examples/light", &folder.path().join("light"))?;
    let (smsc, window) = (stub.smpp, bench.options.window);
    let declaration = format!(
        "[account.bench.channel.sms]
        type = 'smpp'
        address = '{SERVICE}'
        country = 'ZA'
        config = {{ hosts = ['{smsc}'], allow_private = true, system_id = 'bench', password = 'bench', window = {window} }}
        policy = {{ window = {window} }}

        [account.bench.service.light]
        kind = 'script'
        source = 'light'

        [[account.bench.route]]
        channel = 'sms'
        service = 'light'
        "
    );
    fs::write(folder.path().join("bench.toml"), declaration)?;
    call(bench, folder, &["apply", "bench.toml"]).map(drop)
}

/// Runs a command of ngoma on its data folder; gives what it printed.
fn call(bench: &Bench, folder: &TempDir, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(bench.release("ngoma"));
    command
        .args(arguments)
        .args(["--data", "data"])
        .current_dir(folder.path());
    let finished = process::finish(&mut command, &folder.path().join("command.log"))?;
    let what = arguments.join(" ");
    ensure!(finished.status.success(), "ngoma {what} failed\n{}", finished.text);
    Ok(finished.text)
}

/// Waits until a sample of the messages is shown with this status.
pub fn verify(gateway: &Gateway, sample: &[Taken], status: &str) -> Result<()> {
    let mut connection = Connection::open(gateway.address)?.with_token(&gateway.token);
    let begun = Instant::now();
    for taken in sample {
        loop {
            let answer = connection.get(&format!("{PATH}/{}", taken.id))?;
            ensure!(answer.status == 200, "message {}: {}", taken.id, answer.body);
            let shown: Value = serde_json::from_str(&answer.body).context("the message is not JSON")?;
            if shown["status"] == status {
                break;
            }
            ensure!(begun.elapsed() < SHOWN, "message {} is not {status}: {shown}", taken.id);
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}
