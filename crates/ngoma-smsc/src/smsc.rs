//! The carrier as its owner holds it: started, told what to do, and ended.

use crate::behaviour::{Behaviour, InvalidBehaviour, NextAnswer};
use crate::carrier::{Carrier, Counts, Full};
use crate::ledger::{Ledger, LedgerError};
use crate::link::{Ending, Link, Order};
use crate::log::Log;
use crate::message::Message;
use crate::{api, desk, page};
use ngoma_message::Timestamp;
use ngoma_smpp::pdu::Bind;
use ngoma_smpp::{Config, Handle};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long an end in order may take.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait when no socket can be had.
const NO_SOCKET_PAUSE: Duration = Duration::from_millis(100);
/// How many messages of an ESME may be without an answer before nothing more is read of it: those whose answers are lost
/// count for as long as their link lives.
const INBOUND_WINDOW: usize = 10_000;

/// With what a carrier starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where ESMEs are awaited; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The ledger's file; no ledger when there is none.
    pub ledger: Option<PathBuf>,
    /// How it behaves at first.
    pub behaviour: Behaviour,
    /// The limits and timers of its sessions.
    pub session: Config,
    /// Who it says it is, at most 15 characters.
    pub system_id: String,
    /// The number of its first message.
    pub first_id: u64,
    /// What its chance begins with.
    pub seed: u64,
}

impl Default for Settings {
    /// On a free port of this machine, without a ledger; ids and chance are those of no earlier run.
    fn default() -> Self {
        let milliseconds = Timestamp::now().micros().unsigned_abs() / 1_000;
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            ledger: None,
            behaviour: Behaviour::default(),
            session: Config {
                inbound_window: INBOUND_WINDOW,
                ..Config::default()
            },
            system_id: "smsc".into(),
            first_id: milliseconds,
            seed: milliseconds,
        }
    }
}

/// Why a carrier does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no port.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What it is to do cannot be done.
    #[error(transparent)]
    Behaviour(#[from] InvalidBehaviour),
}

/// A carrier that runs; its links are cut when it is dropped.
///
/// ```
/// # async fn example() -> Result<(), ngoma_smsc::StartError> {
/// use ngoma_smsc::{Settings, Smsc};
///
/// let smsc = Smsc::start(Settings::default()).await?;
/// println!("an ESME may bind to {}", smsc.address());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Smsc {
    address: SocketAddr,
    carrier: Arc<Carrier>,
    accepting: JoinHandle<()>,
}

impl Smsc {
    /// Starts one on this runtime.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        settings.behaviour.check()?;
        let address = settings.listen;
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let ledger = settings.ledger.as_deref().map(Ledger::open).transpose()?;
        let carrier = Arc::new(Carrier::new(settings, ledger));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&carrier)));
        Ok(Self {
            address,
            carrier,
            accepting,
        })
    }

    /// Where ESMEs are awaited.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The page and the API, as one site.
    pub fn routes(&self) -> axum::Router {
        let site = ngoma_web::Site::new(vec![
            page::app(Arc::clone(&self.carrier), self.address),
            api::app(Arc::clone(&self.carrier), self.address),
            health(),
        ]);
        site.router()
    }

    /// How it behaves.
    pub fn behaviour(&self) -> Behaviour {
        self.carrier.behaviour()
    }

    /// From now on it behaves so; messages that came before are still treated as it was said then.
    pub fn behave(&self, behaviour: Behaviour) -> Result<(), InvalidBehaviour> {
        self.carrier.behave(behaviour)
    }

    /// Holds all answers, or gives them free.
    pub fn hold(&self, is_held: bool) {
        self.carrier.change(|behaviour| behaviour.hold = is_held);
    }

    /// What the next messages are answered, after those that already wait for one.
    pub fn will(&self, answers: impl IntoIterator<Item = NextAnswer>) -> Result<usize, Full> {
        self.carrier.will(answers.into_iter().collect())
    }

    /// The messages that came.
    pub fn messages(&self) -> &Log<Message> {
        &self.carrier.messages
    }

    /// The binds that were asked for.
    pub fn asked(&self) -> &Log<Bind> {
        &self.carrier.asked
    }

    /// The next session that was bound after this many were.
    pub async fn bound_after(&self, count: u64) -> (u64, Handle) {
        loop {
            self.carrier.bound.grows_beyond(count).await;
            if let Some((number, bound)) = self.carrier.bound.after(count, 1).pop() {
                return (number, bound.0);
            }
        }
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        self.carrier.counts()
    }

    /// Does something to all links; gives how many there are.
    pub async fn order(&self, order: Order) -> usize {
        order_all(&self.carrier.links.all(), order).await
    }

    /// Cuts all links.
    pub fn cut(&self) {
        for link in self.carrier.links.all() {
            link.end(Order::Cut);
        }
    }

    /// Ends it in order: no more links, and those that are there are unbound as far as they follow.
    pub async fn stop(self) {
        self.accepting.abort();
        self.carrier.end();
        let links = self.carrier.links.all();
        let unbinding = async {
            order_all(&links, Order::Unbind).await;
            for link in &links {
                if let Some(session) = link.session() {
                    session.clone().over().await;
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN_LIMIT, unbinding).await;
    }

    /// Serves an ESME on something else than a socket.
    #[cfg(test)]
    pub(crate) fn attach(&self, mut link: tokio::io::DuplexStream) {
        let carrier = Arc::clone(&self.carrier);
        tokio::spawn(async move { desk::serve(carrier, &mut link, "memory".into()).await });
    }
}

impl Drop for Smsc {
    fn drop(&mut self) {
        self.accepting.abort();
        self.carrier.end();
        self.cut();
    }
}

/// Does something to these links; gives how many they are.
pub async fn order_all(links: &[Arc<Link>], order: Order) -> usize {
    for link in links {
        link.order(order).await;
    }
    links.len()
}

fn health() -> ngoma_web::App {
    let ready = || async { Ok(ngoma_web::health::Readiness::Ready) };
    ngoma_web::App::new("health", ngoma_web::health::routes(ready))
}

async fn accept(listener: TcpListener, carrier: Arc<Carrier>) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => drop(tokio::spawn(serve(socket, peer, Arc::clone(&carrier)))),
            Err(error) => {
                tracing::warn!(%error, "a link was not accepted");
                tokio::time::sleep(NO_SOCKET_PAUSE).await;
            }
        }
    }
}

async fn serve(mut socket: TcpStream, peer: SocketAddr, carrier: Arc<Carrier>) {
    let _ = socket.set_nodelay(true);
    if desk::serve(carrier, &mut socket, peer.to_string()).await == Ending::Cut {
        // It is reset when it is closed.
        let _ = socket.set_zero_linger();
    }
}
