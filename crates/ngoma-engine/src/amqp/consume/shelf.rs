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

#[cfg(test)]
mod tests {
    use super::super::leases::LeaseToken;
    use super::*;
    use crate::amqp::headers::Headers;

    fn delivery(tag: u64) -> Delivery {
        Delivery {
            body: "body".into(),
            exchange: String::new(),
            routing_key: "work".to_owned(),
            is_redelivered: false,
            message_id: None,
            content_type: None,
            headers: Headers::new(),
            token: LeaseToken {
                subscription: 1,
                generation: 1,
                tag,
            },
        }
    }

    fn tags(deliveries: Vec<Delivery>) -> Vec<u64> {
        deliveries.into_iter().map(|delivery| delivery.token.tag).collect()
    }

    #[tokio::test]
    async fn what_is_put_is_taken_in_order_or_given_back_at_the_end() {
        let shelf = Shelf::default();
        (1..=4).for_each(|tag| shelf.put(delivery(tag)));
        assert_eq!(shelf.take().await.map(|delivery| delivery.token.tag), Some(1));
        assert_eq!(tags(shelf.clear()), [2, 3, 4]);
        let (taken, ()) = tokio::join!(shelf.take(), async { shelf.put(delivery(5)) });
        assert_eq!(taken.map(|delivery| delivery.token.tag), Some(5));
        shelf.put(delivery(6));
        assert_eq!(tags(shelf.close()), [6]);
        assert!(shelf.take().await.is_none());
    }

    #[tokio::test]
    async fn who_waits_learns_of_the_end() {
        let shelf = Shelf::default();
        let (taken, untaken) = tokio::join!(shelf.take(), async { shelf.close() });
        assert!(taken.is_none() && untaken.is_empty());
    }
}
