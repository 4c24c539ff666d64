//! Deliveries between the broker and whoever takes them; no more than the broker was allowed to send.

use super::Delivery;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Deliveries in the order they came.
#[derive(Default)]
pub(super) struct Shelf {
    content: Mutex<Content>,
    changed: Notify,
}

#[derive(Default)]
struct Content {
    deliveries: VecDeque<Delivery>,
    is_closed: bool,
}

impl Shelf {
    pub(super) fn put(&self, delivery: Delivery) {
        self.lock().deliveries.push_back(delivery);
        self.changed.notify_one();
    }

    /// The oldest, as soon as there is one. Nothing when the shelf is closed. There is one taker.
    pub(super) async fn take(&self) -> Option<Delivery> {
        loop {
            {
                let mut content = self.lock();
                if content.is_closed {
                    return None;
                }
                if let Some(delivery) = content.deliveries.pop_front() {
                    return Some(delivery);
                }
            }
            self.changed.notified().await;
        }
    }

    /// Takes all away: their channel is gone, or they go back.
    pub(super) fn clear(&self) -> Vec<Delivery> {
        self.lock().deliveries.drain(..).collect()
    }

    /// Nothing comes any more. Returns what nobody took.
    pub(super) fn close(&self) -> Vec<Delivery> {
        self.lock().is_closed = true;
        self.changed.notify_one();
        self.clear()
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
