//! All links that are up.

use crate::link::Link;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How many there may be.
const MOST: usize = 1_000;

/// All links that are up, by their numbers.
#[derive(Debug, Default)]
pub struct Links {
    held: Mutex<Held>,
    /// Grows with each bind, for those who wait for one.
    binds: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Held {
    last: u64,
    links: BTreeMap<u64, Arc<Link>>,
}

/// Who is to get something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Receiver<'a> {
    /// By this link, if it can.
    pub link: Option<u64>,
    /// By a bind of this one only.
    pub system_id: Option<&'a str>,
}

impl Links {
    /// Adds one, unless there are too many.
    pub fn add(&self, peer: String) -> Option<Arc<Link>> {
        let mut held = self.held();
        if held.links.len() >= MOST {
            return None;
        }
        held.last += 1;
        let link = Arc::new(Link::new(held.last, peer));
        let number = held.last;
        held.links.insert(number, Arc::clone(&link));
        Some(link)
    }

    pub fn remove(&self, number: u64) {
        self.held().links.remove(&number);
    }

    pub fn all(&self) -> Vec<Arc<Link>> {
        self.held().links.values().cloned().collect()
    }

    pub fn get(&self, number: u64) -> Option<Arc<Link>> {
        self.held().links.get(&number).cloned()
    }

    /// A link was bound.
    pub fn note_bind(&self) {
        self.binds.send_modify(|binds| *binds += 1);
    }

    /// The link by which something goes to this receiver; of several the one with the most room.
    pub fn to(&self, receiver: Receiver<'_>) -> Option<Arc<Link>> {
        let fits = |link: &&Arc<Link>| {
            let system_id = link.bind().map(|bind| bind.system_id.as_str());
            link.may_deliver() && receiver.system_id.is_none_or(|wanted| system_id == Some(wanted))
        };
        let held = self.held();
        let preferred = receiver.link.and_then(|number| held.links.get(&number));
        let best = || held.links.values().filter(fits).max_by_key(|link| link.room());
        preferred.filter(fits).or_else(best).cloned()
    }

    /// The same, as soon as there is one.
    pub async fn wait_for(&self, receiver: Receiver<'_>) -> Arc<Link> {
        let mut binds = self.binds.subscribe();
        loop {
            binds.borrow_and_update();
            if let Some(link) = self.to(receiver) {
                return link;
            }
            // The sender is ours: it is not gone.
            let _ = binds.changed().await;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
