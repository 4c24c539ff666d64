//! Kannel as Debian packs it: bearerbox, which keeps a file for every message in its spool, and smsbox, which has HTTP.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::Bench;
use super::gateway::Gateway;
use super::stub::Stub;
use crate::load::smsc::SERVICE;
use crate::process::{self, Running};
use crate::test::tools::KANNEL;

const START: Duration = Duration::from_secs(30);
/// Only errors are logged.
const LOG_LEVEL: &str = "3";

/// Starts both boxes; the bearerbox binds by itself.
pub fn start(bench: &Bench, stub: &Stub, folder: TempDir) -> Result<Gateway> {
    let (boxes, sendsms) = (process::free_address()?, process::free_address()?);
    let configuration = folder.path().join("kannel.conf");
    fs::create_dir(folder.path().join("spool"))?;
    fs::write(&configuration, configure(bench, stub, folder.path(), boxes, sendsms)?)?;
    let start = |program: &str, ready: SocketAddr| -> Result<Running> {
        let path = KANNEL.find().context("bearerbox is missing")?.with_file_name(program);
        let mut command = Command::new(path);
        command
            .args(["-v", LOG_LEVEL])
            .arg(&configuration)
            .current_dir(folder.path());
        let mut running = Running::start(&mut command, &folder.path().join(format!("{program}.log")))?;
        running.wait_until(START, || TcpStream::connect(ready).is_ok())?;
        Ok(running)
    };
    let bearerbox = start("bearerbox", boxes)?;
    let smsbox = start("smsbox", sendsms)?;
    Ok(Gateway {
        programs: vec![smsbox, bearerbox],
        _folder: folder,
        address: sendsms,
        flags: ["--server", "kannel", "--channel", SERVICE].map(str::to_owned).to_vec(),
        token: String::new(),
    })
}

/// Which it is.
pub fn version() -> Result<String> {
    let asked = Command::new("dpkg-query")
        .args(["-W", "-f", "${Version}", "kannel"])
        .output()
        .context("run dpkg-query")?;
    Ok(String::from_utf8_lossy(&asked.stdout).trim().to_owned())
}

/// As its user guide's "Bearerbox configuration", "SMPP" and "smsbox" describe.
fn configure(bench: &Bench, stub: &Stub, folder: &Path, boxes: SocketAddr, sendsms: SocketAddr) -> Result<String> {
    let admin = process::free_address()?.port();
    let spool = folder.join("spool");
    Ok(format!(
        "group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bench
smsbox-port = {boxes_port}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
log-level = {LOG_LEVEL}
store-type = spool
store-location = {spool}

group = smsc
smsc = smpp
smsc-id = stub
host = 127.0.0.1
port = {smpp_port}
smsc-username = bench
smsc-password = bench
system-type = \"\"
transceiver-mode = true
max-pending-submits = {window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms_port}
sendsms-interface = 127.0.0.1
log-level = {LOG_LEVEL}

group = sendsms-user
username = bench
password = bench
max-messages = 3
concatenation = true

group = sms-service
keyword = default
max-messages = 1
catch-all = true
get-url = \"http://{echo}/reply?from=%p&text=%a\"
",
        boxes_port = boxes.port(),
        spool = spool.display(),
        smpp_port = stub.smpp.port(),
        window = bench.options.window,
        sendsms_port = sendsms.port(),
        echo = stub.echo,
    ))
}
