//! The command's end.

use super::socket::SocketFolder;
use super::{Answer, OTHER_VERSION, Request};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// What the running `serve` answers; `None` when none runs on this data folder.
pub fn ask(data: &Path, request: &Request) -> Result<Option<Answer>> {
    match connect(data)? {
        Some(stream) => exchange(stream, request).map(Some),
        None => Ok(None),
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

fn exchange(mut stream: UnixStream, request: &Request) -> Result<Answer> {
    serde_json::to_writer(&mut stream, request).context("the running `ngoma serve` went away")?;
    stream.write_all(b"\n")?;
    stream.shutdown(Shutdown::Write)?;
    let mut line = String::new();
    BufReader::new(stream)
        .read_line(&mut line)
        .context("the running `ngoma serve` went away")?;
    serde_json::from_str(&line).context(OTHER_VERSION)
}
