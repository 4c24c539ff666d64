//! What a service sends for later is durable at once, and waits.

use super::{Ground, on_every_store};
use crate::store::{NewOutbound, Publish, PulledOutbound, QueueKind};
use ngoma_message::Timestamp;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A step that sends a message for then.
async fn send(ground: &Ground, due_at: Timestamp) -> NewOutbound {
    let incoming = ground.take_in().await;
    let message = NewOutbound {
        due_at: Some(due_at),
        expires_at: Some(due_at + DAY),
        ..ground.outbound(Publish::Free)
    };
    let mut step = ground.step(&incoming);
    step.outbound = vec![message.clone()];
    ground.store.commit_step(Arc::new(step)).await.unwrap();
    message
}

/// What is due at that moment.
async fn due(ground: &mut Ground, at: Timestamp) -> Option<PulledOutbound> {
    let now = std::mem::replace(&mut ground.now, at);
    let found = ground.pull_outbound(&ground.store, 1).await.pop();
    ground.now = now;
    found
}

#[tokio::test]
async fn it_is_taken_when_it_is_due_and_counts_from_then() {
    on_every_store(async |ground| {
        let then = ground.now + 3 * DAY;
        let message = send(ground, then).await;
        assert!(
            ground
                .store
                .message(ground.account, &message.id)
                .await
                .unwrap()
                .is_some()
        );
        assert!(due(ground, then - Duration::from_secs(1)).await.is_none());
        let next = ground.store.next_due(ground.line(QueueKind::Outbound)).await;
        assert_eq!(next, Ok(Some(then)));
        let taken = due(ground, then).await.expect("it is due");
        assert_eq!(taken.message.id, message.id);
        assert_eq!((taken.created_at, taken.expires_at), (then, Some(then + DAY)));
    })
    .await;
}

#[tokio::test]
async fn it_is_no_backlog_before_it_is_due_soon() {
    on_every_store(async |ground| {
        send(ground, ground.now + 3 * DAY).await;
        let waiting = async |before| {
            let waiting = ground.store.outbound_waiting(vec![ground.channel], before, 10).await;
            waiting.unwrap()
        };
        assert_eq!(waiting(ground.now + DAY).await, [0]);
        assert_eq!(waiting(ground.now + 4 * DAY).await, [1]);
    })
    .await;
}

#[tokio::test]
async fn a_process_that_starts_does_not_draw_it_near() {
    on_every_store(async |ground| {
        let then = ground.now + 3 * DAY;
        send(ground, then).await;
        ground.store.draw_near(ground.now, Duration::ZERO).await.unwrap();
        assert!(due(ground, ground.now).await.is_none());
        // By a clock that has passed its moment it is like any other.
        ground.store.draw_near(then, Duration::ZERO).await.unwrap();
        assert!(due(ground, then).await.is_some());
    })
    .await;
}
