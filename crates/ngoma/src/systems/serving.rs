//! The ports in a worker: the master owns their sockets.

use super::SystemsSettings;
use anyhow::{Context, Result};
use ngoma_channels::smpp_server::{Listening, Switchboard};
use ngoma_engine::channel::Shutdown;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long sessions may take to end: less than the master waits for a worker.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// The ports that are served.
pub struct Systems {
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
}

impl Systems {
    /// Serves the plain port and the one within TLS.
    pub fn start(
        switchboard: &Arc<Switchboard>,
        settings: &SystemsSettings,
        plain: Option<TcpListener>,
        within_tls: Option<TcpListener>,
    ) -> Result<Self> {
        let (stop, stopping) = Shutdown::new();
        let mut serving = JoinSet::new();
        if let Some(listener) = plain {
            let listener = listen(listener)?;
            let listening = Listening { listener, tls: None };
            serving.spawn(Arc::clone(switchboard).serve(listening, stopping.clone()));
        }
        if let Some(listener) = within_tls {
            let listener = listen(listener)?;
            match settings.tls() {
                Ok(tls) => {
                    serving.spawn(Arc::clone(switchboard).serve(Listening { listener, tls }, stopping));
                }
                Err(error) => {
                    // The master looked at it before it first started: everything else goes on.
                    let error = format!("{error:#}");
                    tracing::error!(error, "nobody can bind within TLS: mend the certificate and reload");
                    serving.spawn(turn_away(listener, stopping));
                }
            }
        }
        Ok(Self { stop, serving })
    }

    /// Ends every session in order; those that do not end in time are cut off.
    pub async fn finish(mut self) {
        self.stop.send_replace(true);
        let ending = async { while self.serving.join_next().await.is_some() {} };
        if tokio::time::timeout(ENDS_WITHIN, ending).await.is_err() {
            tracing::warn!("a system did not end its session: it is cut off");
        }
    }
}

fn listen(listener: TcpListener) -> Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener).context("cannot listen for SMPP")
}

/// Closes every link, so that whoever comes learns at once that nobody is there.
async fn turn_away(listener: tokio::net::TcpListener, mut stop: Shutdown) {
    loop {
        tokio::select! {
            accepted = listener.accept() => drop(accepted),
            () = stop.requested() => return,
        }
    }
}
