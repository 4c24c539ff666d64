//! The ports in a worker: the master owns their sockets.

use super::SystemsSettings;
use anyhow::{Context, Result};
use ngoma_channels::smpp_server::{Listening, Switchboard};
use ngoma_engine::channel::Shutdown;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

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
        let tls = match &within_tls {
            Some(_) => settings.tls()?,
            None => None,
        };
        let within_tls = within_tls.map(|listener| (listener, tls));
        for (listener, tls) in plain.map(|listener| (listener, None)).into_iter().chain(within_tls) {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener).context("cannot listen for SMPP")?;
            let listening = Listening { listener, tls };
            serving.spawn(Arc::clone(switchboard).serve(listening, stopping.clone()));
        }
        Ok(Self { stop, serving })
    }

    /// Ends every session in order.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        self.serving.join_all().await;
    }
}
