//! Takes what follows messages and events, for the services and web hooks that want to know: each line has its own
//! places, so that a slow one holds up nobody.

use super::{AFTER_TROUBLE, LONGEST_SLEEP, PULL_AT_ONCE};
use crate::directory::Catalog;
use crate::engine::Runtime;
use crate::store::{FollowUpLine, QueueKind, StoreError, TakenFollowUp};
use crate::{events, webhooks};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A line and the places of what is worked on of it.
struct Line {
    line: FollowUpLine,
    room: Arc<Semaphore>,
}

/// A follow-up's place in memory: when it is given up, the next one is looked for.
pub(crate) struct FollowUpPlace {
    permit: Option<OwnedSemaphorePermit>,
    due: Arc<Notify>,
}

impl Drop for FollowUpPlace {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.due.notify_one();
    }
}

/// Takes due follow-ups until the engine stops.
pub(crate) async fn pull_follow_ups_until_stopped(runtime: Weak<Runtime>) {
    loop {
        let Some(runtime) = runtime.upgrade() else { return };
        if runtime.is_stopping() {
            return;
        }
        let wait = pull_all(&runtime).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what follows messages cannot be read");
            runtime.doubt_lease();
            AFTER_TROUBLE
        });
        let due = Arc::clone(&runtime.due_follow_ups);
        drop(runtime);
        let _ = tokio::time::timeout(wait, due.notified()).await;
    }
}

/// Takes some of what is due in every line, each in its turn; says how long until there is more.
async fn pull_all(runtime: &Arc<Runtime>) -> Result<Duration, StoreError> {
    runtime.store.free_unsure_pulls(QueueKind::OF_FOLLOW_UPS).await?;
    let mut wait = LONGEST_SLEEP;
    for line in lines(&runtime.catalog()) {
        wait = wait.min(pull(runtime, &line).await?);
    }
    Ok(wait)
}

/// The lines of those who want to know.
fn lines(catalog: &Catalog) -> Vec<Line> {
    let services = catalog.services().filter(|service| service.wants_events);
    let services = services.map(|service| Line {
        line: FollowUpLine {
            account: service.account,
            kind: QueueKind::Event,
            number: service.id,
        },
        room: Arc::clone(&service.event_room),
    });
    let accounts = catalog.accounts().filter(|account| account.webhook.is_some());
    let accounts = accounts.map(|account| Line {
        line: FollowUpLine {
            account: account.id,
            kind: QueueKind::Webhook,
            number: account.id,
        },
        room: Arc::clone(&account.calling),
    });
    services.chain(accounts).collect()
}

/// Takes some of what is due in a line; says how long until there is more.
async fn pull(runtime: &Arc<Runtime>, line: &Line) -> Result<Duration, StoreError> {
    if runtime.is_stopping() {
        return Ok(LONGEST_SLEEP);
    }
    let now = runtime.clock.now();
    let Some(due) = runtime.store.next_follow_up(line.line).await? else {
        return Ok(LONGEST_SLEEP);
    };
    if due > now {
        return Ok(due.since(now));
    }
    let places = free_places(runtime, line);
    if places.is_empty() {
        // Whoever gives up a place lets this look again.
        return Ok(LONGEST_SLEEP);
    }
    let taken = runtime.store.pull_follow_ups(line.line, now, places.len()).await?;
    if taken.is_empty() {
        return Ok(AFTER_TROUBLE);
    }
    for (taken, place) in taken.into_iter().zip(places) {
        hand_over(runtime, taken, place);
    }
    Ok(Duration::ZERO)
}

fn free_places(runtime: &Runtime, line: &Line) -> Vec<OwnedSemaphorePermit> {
    std::iter::from_fn(|| Arc::clone(&line.room).try_acquire_owned().ok())
        .take(PULL_AT_ONCE.min(runtime.limits.events_in_memory))
        .collect()
}

/// Works on a follow-up in its own task.
fn hand_over(runtime: &Arc<Runtime>, taken: TakenFollowUp, permit: OwnedSemaphorePermit) {
    let place = FollowUpPlace {
        permit: Some(permit),
        due: Arc::clone(&runtime.due_follow_ups),
    };
    let runtime = Arc::clone(runtime);
    tokio::spawn(async move {
        match taken.kind {
            QueueKind::Event => events::tell(&runtime, taken).await,
            _ => webhooks::call(&runtime, taken).await,
        }
        drop(place);
    });
}
