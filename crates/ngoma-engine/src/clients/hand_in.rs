//! A client's messages become durable; those there is room for go on at once, without a turn in the queue.

use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::outbound;
use crate::store::{AcceptResult, Acceptance, NewOutbound, Publish, PulledOutbound, QueueKind, StoreError};
use ngoma_message::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Stores a client's messages, all or none, and lets them go on. The account's place among what waits for the store is
/// kept as long as that takes.
pub(crate) async fn hand_in(
    runtime: &Arc<Runtime>,
    acceptance: Acceptance,
    place: Option<OwnedSemaphorePermit>,
) -> Result<AcceptResult, StoreError> {
    // In its own task: a client that hangs up meanwhile has its messages stored and sent all the same.
    let (runtime, under_way) = (Arc::clone(runtime), runtime.under_way.enter());
    let storing = tokio::spawn(async move {
        let stored = store(&runtime, acceptance).await;
        drop((place, under_way));
        stored
    });
    let broke_off = |_| Err(StoreError::Unavailable("taking the messages broke off".into()));
    storing.await.unwrap_or_else(broke_off)
}

async fn store(runtime: &Arc<Runtime>, mut acceptance: Acceptance) -> Result<AcceptResult, StoreError> {
    let (account, at, lease) = (acceptance.account, acceptance.at, acceptance.lease);
    let Plan { ahead, behind } = Plan::of(runtime, &mut acceptance);
    let stored = runtime.store.accept(acceptance).await;
    match &stored {
        Ok(AcceptResult::Accepted) => {
            for running in behind {
                runtime.leave_in_queue(&running);
            }
            for (message, running, place) in ahead {
                let taken = PulledOutbound::accepted(None, message, at, lease);
                outbound::hand_over(runtime, &running, taken, place);
            }
        }
        Err(StoreError::Unavailable(_)) if !ahead.is_empty() => {
            let messages = ahead.into_iter().map(|(message, ..)| message.id);
            runtime.store.note_unsure(account, QueueKind::Outbound, messages, lease);
            runtime.look_for_due_work();
        }
        // What was accepted before under its key, and its answer lost, may still have to be freed.
        _ => runtime.look_for_due_work(),
    }
    stored
}

/// Which messages go on at once.
#[derive(Default)]
struct Plan {
    /// Those that do, with their places in memory: no more than their channels have free.
    ahead: Vec<(NewOutbound, Arc<Running>, Place)>,
    /// The channels of the others.
    behind: Vec<Arc<Running>>,
}

impl Plan {
    fn of(runtime: &Runtime, acceptance: &mut Acceptance) -> Self {
        // What goes by a broker goes by it all: it keeps a person's messages in order over several processes.
        let all_wait = runtime.queue.abilities().has_outbox || runtime.is_stopping();
        let mut rooms = HashMap::new();
        let mut plan = Self::default();
        for message in &mut acceptance.messages {
            let Some(channel) = message.channel else { continue };
            let room = rooms
                .entry(channel)
                .or_insert_with(|| Room::of(runtime, channel, acceptance.at, all_wait));
            let Some(room) = room else { continue };
            match room.take(runtime) {
                Some(place) => {
                    message.publish = Some(Publish::Leased);
                    plan.ahead.push((message.clone(), Arc::clone(&room.running), place));
                }
                None => room.has_others = true,
            }
        }
        let others = rooms.into_values().flatten().filter(|room| room.has_others);
        plan.behind = others.map(|room| room.running).collect();
        plan
    }
}

/// How many messages a channel may still send at once.
struct Room {
    running: Arc<Running>,
    allowed: usize,
    /// Whether some found no room.
    has_others: bool,
}

impl Room {
    /// The room of a channel that runs; none in it while it sends nothing, or while others wait for their turn.
    fn of(runtime: &Runtime, channel: i64, now: Timestamp, all_wait: bool) -> Option<Self> {
        let running = runtime.host.get(channel)?;
        let all_wait = all_wait || running.has_backlog() || outbound::is_paused(runtime, channel);
        let allowed = match all_wait {
            true => 0,
            false => outbound::allowance(runtime, &running, now).unwrap_or(0),
        };
        Some(Self {
            running,
            allowed,
            has_others: false,
        })
    }

    fn take(&mut self, runtime: &Runtime) -> Option<Place> {
        self.allowed = self.allowed.checked_sub(1)?;
        let place = runtime.place(&self.running, QueueKind::Outbound);
        if place.is_none() {
            self.allowed = 0;
        }
        place
    }
}
