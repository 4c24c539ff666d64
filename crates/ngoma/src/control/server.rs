//! The worker's end.

use super::socket::SocketFolder;
use super::{Answer, REQUEST_LIMIT, Request};
use anyhow::{Context, Result};
use ngoma_engine::Engine;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// How long a command may take to be sent, and its answer to be read: others wait for it.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How long to wait when no more files can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens for commands.
pub struct Control {
    listener: UnixListener,
    engine: Arc<Engine>,
    base_url: String,
}

impl Control {
    /// Binds the socket, for the data folder's owner only. The caller holds the writer's lease, so a socket file that is
    /// there already is a dead process's.
    pub fn bind(data: &Path, engine: Arc<Engine>, base_url: String) -> Result<Self> {
        let folder = SocketFolder::open(data)?;
        let path = folder.socket_path();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let listener = UnixListener::bind(&path).context("cannot bind the control socket")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            engine,
            base_url,
        })
    }

    /// Answers commands, one at a time, for ever.
    pub async fn run(self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    if let Err(error) = self.answer(stream).await {
                        tracing::warn!(error = format!("{error:#}"), "a command on the control socket failed");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a command could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn answer(&self, stream: UnixStream) -> Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut line = Vec::new();
        tokio::time::timeout(
            REQUEST_TIME,
            BufReader::new(reader.take(REQUEST_LIMIT)).read_until(b'\n', &mut line),
        )
        .await
        .context("the command was not sent in time")??;
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => super::answer(&self.engine, request, &self.base_url).await,
            Err(error) => Answer::Refused(format!("the request cannot be read: {error}")),
        };
        let mut text = serde_json::to_vec(&answer)?;
        text.push(b'\n');
        tokio::time::timeout(REQUEST_TIME, writer.write_all(&text))
            .await
            .context("the answer was not read in time")??;
        Ok(())
    }
}
