//! A message's place in memory: however it is given up, the queue learns of it.

use super::Running;
use crate::store::QueueKind;
use std::sync::Arc;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A place of one message among those of its channel that are worked on.
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    running: Arc<Running>,
    due_work: Arc<Notify>,
}

impl Place {
    /// Takes a place, unless all are taken. `due_work` is told of its end when messages wait for one.
    pub(crate) fn take(running: &Arc<Running>, kind: QueueKind, due_work: &Arc<Notify>) -> Option<Self> {
        let room = Arc::clone(running.room(kind));
        let permit = room.try_acquire_owned().ok()?;
        Some(Self {
            permit: Some(permit),
            running: Arc::clone(running),
            due_work: Arc::clone(due_work),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        if self.running.has_backlog() {
            self.due_work.notify_one();
        }
    }
}
