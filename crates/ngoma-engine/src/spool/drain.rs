//! What waits in the spool goes into the store, oldest first, as soon as the store takes it.

use super::Spool;
use super::rows::{Entry, Removal};
use crate::channels::{Place, Running};
use crate::engine::Runtime;
use crate::inbound;
use crate::store::{Arrival, Landed, Publish, PulledInbound, QueueKind, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many entries are taken at once.
const AT_ONCE: usize = 256;
/// How long a store that did not take anything is left alone, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Drains the spool until the engine stops.
pub(crate) async fn drain_until_stopped(runtime: Weak<Runtime>, spool: Arc<Spool>) {
    let mut wait = FIRST_WAIT;
    // What is in the store and not yet forgotten here: it must be before anything is stored again.
    let mut landed: Vec<Removal> = Vec::new();
    loop {
        let Some(runtime) = runtime.upgrade().filter(|runtime| !runtime.is_stopping()) else {
            return;
        };
        let drained = drain_oldest(&runtime, &spool, &mut landed).await;
        drop(runtime);
        match drained {
            Ok(0) => spool.arrived.notified().await,
            Ok(_) => wait = FIRST_WAIT,
            Err(error) => {
                tracing::debug!(%error, "the spool waits for the store");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// Stores the oldest entries and forgets them; says how many. After an error some are left; none of an account is stored
/// before an older one of it.
async fn drain_oldest(
    runtime: &Arc<Runtime>,
    spool: &Arc<Spool>,
    landed: &mut Vec<Removal>,
) -> Result<usize, StoreError> {
    forget(spool, landed).await?;
    let entries = spool.oldest(AT_ONCE).await?;
    let count = entries.len();
    #[cfg(feature = "faults")]
    if crate::faults::is_planted(crate::faults::Fault::SpoolForgetsFirst) {
        let removals: Vec<Removal> = entries.iter().map(|entry| entry.removal(None)).collect();
        spool.remove(&removals).await?;
    }
    let mut failure = Ok(count);
    for (account, entries) in by_account(entries, landed) {
        if let Err(error) = store_all(runtime, account, entries, landed).await {
            failure = Err(error);
        }
    }
    forget(spool, landed).await?;
    failure
}

async fn forget(spool: &Spool, landed: &mut Vec<Removal>) -> Result<(), StoreError> {
    if !landed.is_empty() {
        spool.remove(landed).await?;
        landed.clear();
    }
    Ok(())
}

/// The entries of each account, in their order. Those that cannot be read are kept aside.
fn by_account(entries: Vec<Entry>, landed: &mut Vec<Removal>) -> Vec<(i64, Vec<Entry>)> {
    let mut accounts: Vec<(i64, Vec<Entry>)> = Vec::new();
    for entry in entries {
        let account = match &entry.arrival {
            Ok(arrival) => arrival.account(),
            Err(problem) => {
                landed.push(refused(&entry, problem));
                continue;
            }
        };
        match accounts.iter_mut().find(|(known, _)| *known == account) {
            Some((_, held)) => held.push(entry),
            None => accounts.push((account, vec![entry])),
        }
    }
    accounts
}

async fn store_all(
    runtime: &Arc<Runtime>,
    account: i64,
    entries: Vec<Entry>,
    landed: &mut Vec<Removal>,
) -> Result<(), StoreError> {
    match store_at_once(runtime, account, &entries, landed).await {
        // One of them is at fault: the others must not suffer for it.
        Err(StoreError::Refused(_)) if entries.len() > 1 => {
            for entry in entries {
                let entry = [entry];
                match store_at_once(runtime, account, &entry, landed).await {
                    Err(StoreError::Refused(problem)) => landed.push(refused(&entry[0], &problem)),
                    stored => stored?,
                }
            }
            Ok(())
        }
        Err(StoreError::Refused(problem)) => {
            landed.extend(entries.iter().map(|entry| refused(entry, &problem)));
            Ok(())
        }
        stored => stored,
    }
}

async fn store_at_once(
    runtime: &Arc<Runtime>,
    account: i64,
    entries: &[Entry],
    landed: &mut Vec<Removal>,
) -> Result<(), StoreError> {
    let mut ways = Ways::default();
    let mut arrivals = Vec::with_capacity(entries.len());
    let mut taken = Vec::with_capacity(entries.len());
    for entry in entries {
        let Ok(arrival) = &entry.arrival else { continue };
        let way = ways.find(runtime, arrival).await?;
        let publish = if way.is_some() { Publish::Leased } else { Publish::Free };
        arrivals.push((arrival.clone(), publish));
        taken.push((entry, way));
    }
    let lease = runtime.store.drain_lease();
    let listeners = runtime.catalog().listeners(account);
    let stored = runtime
        .store
        .store_arrivals(account, Arc::new(arrivals), lease, listeners)
        .await?;
    for ((entry, way), result) in taken.into_iter().zip(stored) {
        if result == Landed::Unknown {
            // At the door it would have been refused, and its sender would have learned of it.
            tracing::warn!(
                entry = entry.number,
                "an entry of the spool is about a message that is not known"
            );
        }
        if let (Ok(Arrival::Inbound(inbound)), Some((running, place)), Landed::Stored) = (&entry.arrival, way, result) {
            let message = inbound.message.clone();
            inbound::hand_over(runtime, &running, PulledInbound::arrived(message, lease), place);
        }
        landed.push(entry.removal(None));
    }
    runtime.look_for_due_work();
    runtime.look_for_follow_ups();
    Ok(())
}

/// Which channels have places for messages that go on at once.
#[derive(Default)]
struct Ways {
    /// Nothing for a channel whose messages must wait in the queue.
    channels: HashMap<i64, Option<Arc<Running>>>,
}

impl Ways {
    /// A place for a message. There is none while earlier messages of its channel wait in the queue.
    async fn find(
        &mut self,
        runtime: &Runtime,
        arrival: &Arrival,
    ) -> Result<Option<(Arc<Running>, Place)>, StoreError> {
        // A text that a part completes is taken from the queue.
        if !matches!(arrival, Arrival::Inbound(inbound) if inbound.message.part.is_none()) {
            return Ok(None);
        }
        let way = match self.channels.entry(arrival.channel()) {
            Occupied(known) => known.into_mut(),
            Vacant(new) => {
                let channel = arrival.channel();
                let running = runtime.host.get(channel);
                let waits = match &running {
                    Some(running) => runtime
                        .queue
                        .next_due(running.line(QueueKind::Inbound))
                        .await?
                        .is_some(),
                    None => false,
                };
                new.insert(running.filter(|_| !waits))
            }
        };
        let place = way.as_ref().and_then(|running| {
            let place = runtime.place(running, QueueKind::Inbound)?;
            Some((Arc::clone(running), place))
        });
        if place.is_none() {
            *way = None;
        }
        Ok(place)
    }
}

fn refused(entry: &Entry, problem: &str) -> Removal {
    tracing::error!(
        entry = entry.number,
        problem,
        "an entry of the spool is kept aside: a person must look at it"
    );
    entry.removal(Some(problem.to_owned()))
}
