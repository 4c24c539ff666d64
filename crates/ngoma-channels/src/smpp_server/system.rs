//! One account's system: what it may do, and the sessions it has.

use super::config::Settings;
use super::meter::Meter;
use super::seldom::Seldom;
use super::submission;
use crate::smpp::sessions::Sessions;
use ngoma_engine::channel::ChannelContext;
use ngoma_smpp::pdu::{BindMode, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, Handle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::time::Instant;

/// The system of one channel.
pub struct System {
    pub settings: Settings,
    pub ctx: ChannelContext,
    /// Those of its sessions that receive.
    pub receiving: Sessions<()>,
    /// All of them.
    bound: Sessions<()>,
    /// How many binds it has, with those that are being granted.
    binds: AtomicUsize,
    /// Its channel has ended, or is another one now.
    is_closed: AtomicBool,
    meter: Meter,
    refusals: Seldom,
}

/// One of the binds a system may have, until it is dropped.
pub struct Place(pub Arc<System>);

impl System {
    pub fn new(settings: Settings, ctx: ChannelContext) -> Self {
        Self {
            meter: Meter::new(settings.throughput),
            settings,
            ctx,
            receiving: Sessions::default(),
            bound: Sessions::default(),
            binds: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            refusals: Seldom::default(),
        }
    }

    /// A place for one more bind; nothing when it has as many as it may, or takes none any more.
    pub fn place(self: &Arc<Self>) -> Option<Place> {
        if self.is_closed.load(Ordering::Acquire) {
            return None;
        }
        let one_more = |binds| (binds < self.settings.binds).then_some(binds + 1);
        let counted = self.binds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        counted.ok().map(|_| Place(Arc::clone(self)))
    }

    /// Keeps a session among those it has until it is over.
    pub async fn keep(&self, mode: BindMode, mut handle: Handle) {
        let bound = self.bound.add(handle.clone(), ());
        let receives = mode.may_deliver().then(|| self.receiving.add(handle.clone(), ()));
        if self.is_closed.load(Ordering::Acquire) {
            // It was granted while the channel ended, which may not have seen it.
            self.receiving.clear();
            handle.unbind().await;
        }
        let reason = handle.over().await;
        drop((bound, receives));
        self.receiving
            .note_problem(&format!("the system's last session ended: {reason}"));
        tracing::info!(channel.code = self.ctx.channel, account.id = self.ctx.account, ?mode, %reason, "a system's bind ended");
    }

    /// Takes no more binds, and ends all its sessions in order.
    pub async fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.receiving.clear();
        for session in self.bound.all() {
            session.handle.unbind().await;
        }
        for mut session in self.bound.all() {
            session.handle.over().await;
        }
    }

    /// Takes a message for somebody. Answers only when it is durable, or refused.
    pub async fn submit(&self, message: &ShortMessage) -> Answer {
        if !self.meter.takes(Instant::now()) {
            return Answer::refused(CommandStatus::THROTTLED);
        }
        let submission = match submission::read(message, &self.settings, &self.ctx) {
            Ok(submission) => submission,
            Err((status, reason)) => return self.refuse(status, &reason),
        };
        match self.ctx.door.submit(submission).await {
            Ok(id) => Answer::taken(id.to_string()),
            Err(error) => self.refuse(submission::status_of(&error), &error.to_string()),
        }
    }

    fn refuse(&self, status: CommandStatus, reason: &str) -> Answer {
        if let Some(more) = self.refusals.next(Instant::now()) {
            tracing::warn!(
                channel.code = self.ctx.channel,
                account.id = self.ctx.account,
                %status,
                reason,
                not_told = more,
                "a system's message was refused"
            );
        }
        Answer::refused(status)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.binds.fetch_sub(1, Ordering::Relaxed);
    }
}
