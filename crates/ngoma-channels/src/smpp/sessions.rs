//! Sessions that are bound, and the one by which the next message goes: the one with the most room.

use ngoma_smpp::Handle;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// A session that is bound, and what goes with it.
#[derive(Clone)]
pub struct Bound<T> {
    pub handle: Handle,
    pub with: T,
    /// Its number among those of the line.
    id: u64,
}

/// The bound sessions of one line that carry messages our way.
pub struct Sessions<T> {
    held: Mutex<Held<T>>,
    /// Counts changes of what is bound.
    changes: watch::Sender<u64>,
}

struct Held<T> {
    bound: Vec<Bound<T>>,
    made: u64,
    /// Why the last one ended, or was not made.
    problem: Option<String>,
}

impl<T> Default for Sessions<T> {
    fn default() -> Self {
        Self {
            held: Mutex::new(Held {
                bound: Vec::new(),
                made: 0,
                problem: None,
            }),
            changes: watch::Sender::new(0),
        }
    }
}

/// A session among those by which messages go, until this is dropped.
pub struct Kept<'a, T> {
    sessions: &'a Sessions<T>,
    id: u64,
}

impl<T> Drop for Kept<'_, T> {
    fn drop(&mut self) {
        self.sessions.remove(self.id);
    }
}

impl<T> Sessions<T> {
    fn remove(&self, id: u64) {
        self.held().bound.retain(|bound| bound.id != id);
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn held(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Sessions<T> {
    /// Adds one.
    pub fn add(&self, handle: Handle, with: T) -> Kept<'_, T> {
        let mut held = self.held();
        held.made += 1;
        let id = held.made;
        held.bound.push(Bound { handle, with, id });
        drop(held);
        self.changes.send_modify(|changes| *changes += 1);
        Kept { sessions: self, id }
    }

    /// No more messages go by any of them.
    pub fn clear(&self) {
        self.held().bound.clear();
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Keeps in mind why there is none.
    pub fn note_problem(&self, problem: &str) {
        self.held().problem = Some(problem.to_owned());
    }

    /// All of them.
    pub fn all(&self) -> Vec<Bound<T>> {
        self.held().bound.clone()
    }

    /// The one with the most room; the reason when there is none.
    pub fn best(&self) -> Result<Bound<T>, String> {
        let held = self.held();
        let best = held.bound.iter().max_by_key(|bound| bound.handle.free());
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
}
