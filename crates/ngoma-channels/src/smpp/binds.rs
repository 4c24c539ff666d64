//! The binds of a channel: each is made again when it ends, and messages go by the one with the most room.

use super::config::Settings;
use super::incoming::Incoming;
use super::line::Line;
use super::sessions::Sessions;
use futures_util::FutureExt;
use ngoma_engine::channel::{ChannelContext, Shutdown};
use ngoma_smpp::pdu::BindMode;
use ngoma_smpp::{Connection, EndReason, Role};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;

/// The longest wait before a bind is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a session must hold before the waits begin anew.
const HOLDS: Duration = Duration::from_secs(30);

/// The binds of a channel.
pub struct Binds {
    settings: Arc<Settings>,
    ctx: ChannelContext,
    line: Weak<Line>,
    /// Those that send.
    pub sending: Sessions<Arc<Incoming>>,
    links: AtomicU64,
}

impl Binds {
    pub fn new(settings: Arc<Settings>, ctx: ChannelContext, line: Weak<Line>) -> Self {
        Self {
            settings,
            ctx,
            line,
            sending: Sessions::default(),
            links: AtomicU64::default(),
        }
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
        while slots.join_next().await.is_some() {}
    }

    /// Keeps one bind.
    async fn keep(&self, mode: BindMode, number: usize, mut stop: Shutdown) {
        let first_wait = self.settings.config.reconnect_after;
        let mut wait = first_wait;
        for attempt in number.. {
            let began = tokio::time::Instant::now();
            let binding = AssertUnwindSafe(self.bind(mode, attempt, stop.clone())).catch_unwind();
            let problem = binding
                .await
                .unwrap_or_else(|_| "it broke off: a defect of ours".into());
            if stop.is_requested() {
                return;
            }
            self.sending.note_problem(&problem);
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
        let dialled = tokio::select! {
            dialled = settings.place.dial(attempt) => dialled,
            () = stop.requested() => return "told to stop".into(),
        };
        let link = match dialled {
            Ok(link) => link,
            Err(problem) => return problem,
        };
        let number = self.links.fetch_add(1, Ordering::Relaxed);
        let incoming = Incoming::new(Arc::clone(settings), self.ctx.clone(), self.line.clone(), number);
        let incoming = Arc::new(incoming);
        let (mut connection, mut handle) = Connection::new(Role::Esme, settings.session.clone(), Arc::clone(&incoming));
        if let Err(error) = connection.bind(&settings.config.bind_as(mode)) {
            return error.to_string();
        }
        let running = connection.run(link);
        tokio::pin!(running);
        let mut kept = None;
        let (mut is_opening, mut is_stopping) = (true, false);
        let reason: EndReason = loop {
            tokio::select! {
                reason = &mut running => break reason,
                bound = handle.bound(), if is_opening => {
                    is_opening = false;
                    if let Ok(bound) = bound {
                        tracing::info!(channel.code = self.ctx.channel, ?mode, smsc = bound.system_id, "bound");
                        kept = mode
                            .may_submit()
                            .then(|| self.sending.add(handle.clone(), Arc::clone(&incoming)));
                    }
                }
                () = stop.requested(), if !is_stopping => {
                    is_stopping = true;
                    drop(kept.take());
                    // Beside the session, which has to go on to take the wish.
                    let handle = handle.clone();
                    tokio::spawn(async move { handle.unbind().await });
                }
            }
        };
        drop(kept);
        reason.to_string()
    }
}

/// Not all channels of a carrier that comes back bind at the same moment.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    wait.mul_f64(0.8 + 0.4 * f64::from(random) / f64::from(u32::MAX))
}
