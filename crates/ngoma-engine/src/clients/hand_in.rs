//! A client's messages become durable; those there is room for go on at once, without a turn in the queue.

use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::outbound;
use crate::store::{AcceptResult, Acceptance, NewOutbound, Publish, PulledOutbound, QueueKind, StoreError};
use ngoma_message::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// Stores a client's messages, all or none, and lets them go on.
pub(crate) async fn hand_in(runtime: &Arc<Runtime>, acceptance: Acceptance) -> Result<AcceptResult, StoreError> {
    // In its own task: a client that hangs up meanwhile has its messages stored and sent all the same.
    let storing = tokio::spawn(store(Arc::clone(runtime), acceptance));
    let broke_off = |_| Err(StoreError::Unavailable("taking the messages broke off".into()));
    storing.await.unwrap_or_else(broke_off)
}

async fn store(runtime: Arc<Runtime>, mut acceptance: Acceptance) -> Result<AcceptResult, StoreError> {
    let _under_way = runtime.under_way.enter();
    let (account, at, lease) = (acceptance.account, acceptance.at, acceptance.lease);
    let ahead = go_ahead(&runtime, &mut acceptance);
    let all_go = ahead.len() == acceptance.messages.len();
    let stored = runtime.store.accept(acceptance).await;
    match &stored {
        Ok(AcceptResult::Accepted) => {
            for (message, running, place) in ahead {
                let taken = PulledOutbound::accepted(None, message, at, lease);
                outbound::hand_over(&runtime, &running, taken, place);
            }
            if all_go {
                return stored;
            }
        }
        Err(StoreError::Unavailable(_)) if !ahead.is_empty() => {
            let messages = ahead.into_iter().map(|(message, ..)| message.id);
            runtime.store.note_unsure(account, QueueKind::Outbound, messages, lease);
        }
        _ => {}
    }
    runtime.look_for_due_work();
    stored
}

/// Chooses the messages that go on at once, with their places in memory: as many as their channels have room for now.
fn go_ahead(runtime: &Runtime, acceptance: &mut Acceptance) -> Vec<(NewOutbound, Arc<Running>, Place)> {
    // What goes by a broker goes by it all: it keeps a person's messages in order over several processes.
    if runtime.queue.abilities().has_outbox {
        return Vec::new();
    }
    let mut rooms = HashMap::new();
    let mut ahead = Vec::new();
    for message in &mut acceptance.messages {
        let Some(channel) = message.channel else { continue };
        let room = rooms
            .entry(channel)
            .or_insert_with(|| Room::of(runtime, channel, acceptance.at));
        if let Some(room) = room
            && let Some(place) = room.take(runtime)
        {
            message.publish = Some(Publish::Leased);
            ahead.push((message.clone(), Arc::clone(&room.running), place));
        }
    }
    ahead
}

/// How many messages a channel may still send at once.
struct Room {
    running: Arc<Running>,
    allowed: usize,
}

impl Room {
    /// The room of a channel; none while it sends nothing, or while others wait for their turn.
    fn of(runtime: &Runtime, channel: i64, now: Timestamp) -> Option<Self> {
        let running = runtime.host.get(channel)?;
        if running.has_backlog() || outbound::is_paused(runtime, channel) {
            return None;
        }
        let allowed = outbound::allowance(runtime, &running, now).unwrap_or(0);
        Some(Self { running, allowed })
    }

    fn take(&mut self, runtime: &Runtime) -> Option<Place> {
        self.allowed = self.allowed.checked_sub(1)?;
        runtime.place(&self.running, QueueKind::Outbound)
    }
}
