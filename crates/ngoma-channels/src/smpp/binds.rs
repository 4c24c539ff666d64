//! The binds of a channel: each is made again when it ends, and messages go by the one with the most room.

use super::config::Settings;
use super::incoming::Incoming;
use super::line::Line;
use super::link;
use ngoma_engine::channel::{ChannelContext, Shutdown};
use ngoma_engine::outgoing_http::Reach;
use ngoma_smpp::pdu::BindMode;
use ngoma_smpp::{Connection, EndReason, Handle, Role};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The longest wait before a bind is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a session must hold before the waits begin anew.
const HOLDS: Duration = Duration::from_secs(30);

/// A session that is bound.
#[derive(Clone)]
pub struct Bound {
    pub handle: Handle,
    pub incoming: Arc<Incoming>,
    id: u64,
}

/// The binds of a channel.
pub struct Binds {
    settings: Arc<Settings>,
    ctx: ChannelContext,
    line: Weak<Line>,
    bound: Mutex<Sessions>,
    /// Counts changes of what is bound.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Sessions {
    /// Those that send.
    sending: Vec<Bound>,
    made: u64,
    /// Why the last one ended, or was not made.
    problem: Option<String>,
}

impl Binds {
    pub fn new(settings: Arc<Settings>, ctx: ChannelContext, line: Weak<Line>) -> Self {
        Self {
            settings,
            ctx,
            line,
            bound: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// The session by which the next message goes: the one with the most room.
    pub fn best(&self) -> Result<Bound, String> {
        let held = self.held();
        let best = held.sending.iter().max_by_key(|bound| bound.handle.free());
        best.cloned().ok_or_else(|| match &held.problem {
            Some(problem) => format!("not bound: {problem}"),
            None => "not bound yet".into(),
        })
    }

    /// Returns when a message could go at once, or after that long.
    pub async fn ready(&self, patience: Duration) {
        let waiting = async {
            let mut changes = self.changes.subscribe();
            loop {
                changes.borrow_and_update();
                match self.best() {
                    Ok(bound) if bound.handle.free() > 0 => return,
                    Ok(bound) => tokio::select! {
                        () = bound.handle.room() => {}
                        _ = changes.changed() => {}
                    },
                    Err(_) => {
                        let _ = changes.changed().await;
                    }
                }
            }
        };
        let _ = tokio::time::timeout(patience, waiting).await;
    }

    /// Keeps the binds until told to stop; then what was sent is still answered, and they are unbound.
    pub async fn run(self: &Arc<Self>, stop: Shutdown) {
        let mut slots = JoinSet::new();
        for number in 0..self.settings.config.binds {
            for mode in self.settings.config.bind.modes() {
                let (binds, stop) = (Arc::clone(self), stop.clone());
                slots.spawn(async move { binds.keep(*mode, number, stop).await });
            }
        }
        slots.join_all().await;
    }

    /// Keeps one bind.
    async fn keep(&self, mode: BindMode, number: usize, mut stop: Shutdown) {
        let first_wait = self.settings.config.reconnect_after;
        let mut wait = first_wait;
        for attempt in number.. {
            let began = tokio::time::Instant::now();
            let problem = self.bind(mode, attempt, stop.clone()).await;
            if stop.is_requested() {
                return;
            }
            self.note_problem(&problem);
            if began.elapsed() > HOLDS {
                wait = first_wait;
            }
            tracing::warn!(
                channel.code = self.ctx.channel,
                ?mode,
                problem,
                wait_s = wait.as_secs(),
                "a bind ended"
            );
            tokio::select! {
                () = tokio::time::sleep(jittered(wait)) => {}
                () = stop.requested() => return,
            }
            wait = (wait * 2).clamp(Duration::from_millis(100), LONGEST_WAIT);
        }
    }

    /// Makes one bind and keeps it until it ends; says why it did.
    async fn bind(&self, mode: BindMode, attempt: usize, mut stop: Shutdown) -> String {
        let settings = &self.settings;
        let reach = match settings.config.allow_private {
            true => Reach::Anywhere,
            false => Reach::PublicOnly,
        };
        let dialled = tokio::select! {
            dialled = link::dial(&settings.hosts, attempt, reach) => dialled,
            () = stop.requested() => return "told to stop".into(),
        };
        let link = match dialled {
            Ok(link) => link,
            Err(problem) => return problem,
        };
        let incoming = Arc::new(Incoming::new(Arc::clone(settings), self.ctx.clone(), self.line.clone()));
        let (mut connection, mut handle) = Connection::new(Role::Esme, settings.session.clone(), Arc::clone(&incoming));
        if let Err(error) = connection.bind(&settings.config.bind_as(mode)) {
            return error.to_string();
        }
        let running = connection.run(link);
        tokio::pin!(running);
        let mut id = None;
        let (mut is_opening, mut is_stopping) = (true, false);
        let reason: EndReason = loop {
            tokio::select! {
                reason = &mut running => break reason,
                bound = handle.bound(), if is_opening => {
                    is_opening = false;
                    if let Ok(bound) = bound {
                        tracing::info!(channel.code = self.ctx.channel, ?mode, smsc = bound.system_id, "bound");
                        id = Some(self.add(mode, handle.clone(), Arc::clone(&incoming)));
                    }
                }
                () = stop.requested(), if !is_stopping => {
                    is_stopping = true;
                    self.remove(id);
                    // Beside the session, which has to go on to take the wish.
                    let handle = handle.clone();
                    tokio::spawn(async move { handle.unbind().await });
                }
            }
        };
        self.remove(id);
        reason.to_string()
    }

    fn add(&self, mode: BindMode, handle: Handle, incoming: Arc<Incoming>) -> u64 {
        let mut held = self.held();
        held.made += 1;
        let id = held.made;
        if mode.may_submit() {
            held.sending.push(Bound { handle, incoming, id });
        }
        drop(held);
        self.changes.send_modify(|changes| *changes += 1);
        id
    }

    fn remove(&self, id: Option<u64>) {
        let Some(id) = id else { return };
        self.held().sending.retain(|bound| bound.id != id);
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn note_problem(&self, problem: &str) {
        self.held().problem = Some(problem.to_owned());
    }

    fn held(&self) -> MutexGuard<'_, Sessions> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not all channels of a carrier that comes back bind at the same moment.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    wait.mul_f64(0.8 + 0.4 * f64::from(random) / f64::from(u32::MAX))
}
