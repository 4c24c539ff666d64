//! A message's place in memory: however it is given up, the queue learns of it.

use super::Running;
use crate::store::QueueKind;
use ngoma_message::MessageId;
use std::sync::Arc;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A place of one message among those of its channel that are worked on.
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    held: Option<Held>,
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
            held: None,
            running: Arc::clone(running),
            due_work: Arc::clone(due_work),
        })
    }

    /// Says whose place it is: before the message is leased to this process, or, when the queue takes it, right after.
    pub(crate) fn hold(&mut self, message: &MessageId) {
        self.held = Some(Held::new(&self.running, message));
    }
}

/// Says that this process works on a message it has leased, until this is dropped.
pub(crate) struct Held {
    message: MessageId,
    running: Arc<Running>,
}

impl Held {
    /// To be said before the lease is on the disk.
    pub(crate) fn new(running: &Arc<Running>, message: &MessageId) -> Self {
        *running.held().entry(message.clone()).or_default() += 1;
        Self {
            message: message.clone(),
            running: Arc::clone(running),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.running.held();
        match held.get_mut(&self.message) {
            Some(tasks) if *tasks > 1 => *tasks -= 1,
            _ => drop(held.remove(&self.message)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        drop(self.held.take());
        if self.running.has_backlog() {
            self.due_work.notify_one();
        }
    }
}
