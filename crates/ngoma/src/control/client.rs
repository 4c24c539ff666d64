//! The command's end.

use super::socket::SocketFolder;
use super::{Answer, Request};
use crate::declare::Declaration;
use anyhow::{Context, Result, bail};
use ngoma_engine::directory::Report;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

const OTHER_VERSION: &str = "the running `ngoma serve` gave no answer; is it another version?";

/// Has the running `serve` apply this; `None` when none runs on this data folder.
pub fn apply(data: &Path, declaration: &Declaration) -> Result<Option<Report>> {
    let Some(stream) = connect(data)? else { return Ok(None) };
    match ask(stream, &Request::Apply(Box::new(declaration.clone())))? {
        Answer::Applied(report) => Ok(Some(report)),
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(OTHER_VERSION),
    }
}

/// Has the running `serve` make a token; `None` when none runs on this data folder.
pub fn create_token(data: &Path, account: &str, label: &str) -> Result<Option<String>> {
    let Some(stream) = connect(data)? else { return Ok(None) };
    let (account, label) = (account.to_owned(), label.to_owned());
    match ask(stream, &Request::CreateToken { account, label })? {
        Answer::Token(token) => Ok(Some(token)),
        Answer::Refused(reason) => bail!("{reason}"),
        _ => bail!(OTHER_VERSION),
    }
}

fn connect(data: &Path) -> Result<Option<UnixStream>> {
    let folder = SocketFolder::open(data).with_context(|| format!("cannot open {}", data.display()))?;
    match UnixStream::connect(folder.socket_path()) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error).context("cannot reach the running `ngoma serve`"),
    }
}

fn ask(mut stream: UnixStream, request: &Request) -> Result<Answer> {
    serde_json::to_writer(&mut stream, request).context("the running `ngoma serve` went away")?;
    stream.write_all(b"\n")?;
    stream.shutdown(Shutdown::Write)?;
    let mut line = String::new();
    BufReader::new(stream)
        .read_line(&mut line)
        .context("the running `ngoma serve` went away")?;
    serde_json::from_str(&line).context(OTHER_VERSION)
}
