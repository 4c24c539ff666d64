//! Where systems connect: one port for all accounts; the system id of a bind says whose it is.

use super::desk::Desk;
use super::guard::Guard;
use super::seldom::Seldom;
use super::system::{Place, System};
use ngoma_engine::channel::Shutdown;
use ngoma_smpp::pdu::Bind;
use ngoma_smpp::tls::Server as Tls;
use ngoma_smpp::{CommandStatus, Config, Connection, Role};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a link may take to be one of TLS, and then to ask for a bind.
const BIND_WITHIN: Duration = Duration::from_secs(5);
/// How many links there may be.
const MOST_LINKS: usize = 4_096;
/// How long to wait when the machine gives no more links.
const BREATHER: Duration = Duration::from_millis(100);

/// Finds the system of a bind.
#[derive(Default)]
pub struct Switchboard {
    systems: Mutex<HashMap<String, Arc<System>>>,
    /// Told when a system id is free again.
    freed: Notify,
    guard: Guard,
    /// Lines about links that do not know how to bind.
    strangers: Seldom,
}

/// A port that listens, and how.
pub struct Listening {
    /// Where links come.
    pub listener: TcpListener,
    /// What makes them links of TLS; without it they are plain.
    pub tls: Option<Tls>,
}

impl Switchboard {
    /// From now on binds with its system id are this system's: as soon as no other channel has it.
    pub async fn connect(&self, system: &Arc<System>) {
        loop {
            let freed = self.freed.notified();
            if self.try_connect(Arc::clone(system)) {
                return;
            }
            tracing::warn!(
                channel.code = system.ctx.channel,
                account.id = system.ctx.account,
                "another channel has its system_id still"
            );
            freed.await;
        }
    }

    fn try_connect(&self, system: Arc<System>) -> bool {
        let mut systems = self.systems();
        let whose = |system: &System| (system.ctx.account.clone(), system.ctx.channel.clone());
        let id = &system.settings.system_id;
        if systems.get(id).is_some_and(|held| whose(held) != whose(&system)) {
            return false;
        }
        systems.insert(id.clone(), system);
        true
    }

    /// No more binds are this system's.
    pub fn disconnect(&self, system: &Arc<System>) {
        let mut systems = self.systems();
        let id = &system.settings.system_id;
        if systems.get(id).is_some_and(|held| Arc::ptr_eq(held, system)) {
            systems.remove(id);
        }
        drop(systems);
        self.freed.notify_waiters();
    }

    /// Serves a port until told to stop; then every session on it is unbound in order.
    pub async fn serve(self: Arc<Self>, listening: Listening, mut stop: Shutdown) {
        let mut links = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listening.listener.accept(), if links.len() < MOST_LINKS => match accepted {
                    Ok((link, peer)) => {
                        let (switchboard, tls, stop) = (Arc::clone(&self), listening.tls.clone(), stop.clone());
                        let from = peer.ip().to_canonical();
                        links.spawn(async move { switchboard.welcome(link, from, tls, stop).await });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a system's link was not accepted");
                        tokio::time::sleep(BREATHER).await;
                    }
                },
                Some(_) = links.join_next() => {}
                () = stop.requested() => break,
            }
        }
        while links.join_next().await.is_some() {}
    }

    /// Finds whose a bind is; who guesses waits for the answer, each time longer.
    pub(super) async fn admit(&self, bind: &Bind, from: IpAddr) -> Result<Place, CommandStatus> {
        let who = self.guard.who(from, &bind.system_id);
        let wait = self.guard.wait(&who, Instant::now());
        if !wait.is_zero() {
            // It is looked at after the wait, so that whoever goes away before has learnt nothing.
            let _waiting = self.guard.begin_waiting(&who).ok_or(CommandStatus::BIND_FAILED)?;
            tokio::time::sleep(wait).await;
        }
        let system = self.systems().get(&bind.system_id).cloned();
        let problem = match &system {
            Some(system) => system.settings.admits(&bind.password, from).err(),
            None => Some("no channel has its system id"),
        };
        let (Some(system), None) = (system.as_ref(), problem) else {
            self.guard.failed(&who, Instant::now());
            self.tell_refused(bind, from, system.as_deref(), problem);
            // Which of the two is wrong is nobody's business.
            return Err(CommandStatus::BIND_FAILED);
        };
        self.guard.succeeded(&who);
        system.place().ok_or_else(|| {
            let most = system.settings.binds;
            tracing::warn!(
                channel.code = system.ctx.channel,
                account.id = system.ctx.account,
                most,
                "a system has all its binds"
            );
            CommandStatus::ALREADY_BOUND
        })
    }

    /// Each that is for a system; of the others one now and then.
    fn tell_refused(&self, bind: &Bind, from: IpAddr, system: Option<&System>, problem: Option<&str>) {
        let not_told = match system {
            Some(_) => 0,
            None => match self.strangers.next(Instant::now()) {
                Some(more) => more,
                None => return,
            },
        };
        tracing::warn!(
            account.id = system.map(|system| system.ctx.account.as_str()),
            channel.code = system.map(|system| system.ctx.channel.as_str()),
            system_id = bind.system_id,
            %from,
            problem,
            not_told,
            "a bind is refused"
        );
    }

    async fn welcome(self: Arc<Self>, link: TcpStream, from: IpAddr, tls: Option<Tls>, stop: Shutdown) {
        let Some(unbound) = self.guard.enter(from.into()) else {
            if let Some(more) = self.strangers.next(Instant::now()) {
                tracing::warn!(%from, not_told = more, "a link is closed: too many from its network have no bind");
            }
            return;
        };
        // Small PDUs go at once.
        let _ = link.set_nodelay(true);
        match tls {
            None => self.run(link, from, stop, || drop(unbound)).await,
            Some(tls) => match tokio::time::timeout(BIND_WITHIN, tls.accept(link)).await {
                Ok(Ok(link)) => self.run(link, from, stop, || drop(unbound)).await,
                Ok(Err(error)) => tracing::debug!(%from, %error, "a link is not one of TLS"),
                Err(_) => tracing::debug!(%from, "a link took too long to be one of TLS"),
            },
        }
    }

    /// Runs the session of a link.
    async fn run(
        self: Arc<Self>,
        link: impl AsyncRead + AsyncWrite + Send,
        from: IpAddr,
        mut stop: Shutdown,
        on_bound: impl FnOnce(),
    ) {
        let desk = Arc::new(Desk::new(self, from));
        let config = Config {
            bind_timeout: BIND_WITHIN,
            ..Config::default()
        };
        let (connection, mut handle) = Connection::new(Role::Smsc, config, Arc::clone(&desk));
        let running = connection.run(link);
        let keeping = async {
            if handle.bound().await.is_ok()
                && let Some((system, mode)) = desk.bound()
            {
                on_bound();
                tracing::info!(channel.code = system.ctx.channel, account.id = system.ctx.account, ?mode, %from, "a system is bound");
                let unbinding = async {
                    stop.requested().await;
                    handle.unbind().await;
                    std::future::pending().await
                };
                tokio::select! {
                    () = system.keep(mode, handle.clone()) => {}
                    () = unbinding => {}
                }
            }
        };
        tokio::join!(running, keeping);
    }

    fn systems(&self) -> MutexGuard<'_, HashMap<String, Arc<System>>> {
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
