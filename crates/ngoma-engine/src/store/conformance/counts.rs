//! What a service's messages are counted as.

use super::{Ground, on_every_store};
use crate::ports::Totals;
use crate::record::{Direction, Status};
use crate::store::{Acceptance, InboundMessage, NewOutbound};
use ngoma_message::Address;
use std::sync::Arc;
use std::time::Duration;

/// Has a person's text handled by a service, if one is named.
async fn received(ground: &Ground, from: &str, service: Option<i64>) -> InboundMessage {
    let message = ground.take_in_from(from).await;
    let mut step = ground.step(&message);
    step.service = service;
    ground.store.commit_step(Arc::new(step)).await.unwrap();
    message
}

async fn sent(ground: &Ground, account: i64, to: &str, service: Option<i64>, status: Status) {
    let message = NewOutbound {
        account,
        service,
        to: Address::new("tel", to),
        status,
        publish: None,
        ..NewOutbound::of_a_test(account, ground.channel)
    };
    let acceptance = Acceptance {
        account,
        messages: vec![message],
        at: ground.now,
        lease: ground.store.epoch(),
        idempotency: None,
    };
    ground.store.accept(acceptance).await.unwrap();
}

#[tokio::test]
async fn a_service_has_its_own_messages_and_no_others() {
    on_every_store(async |ground| {
        let (own, another) = (Some(ground.service), Some(ground.service + 1000));
        for (from, service) in [("+1", own), ("+1", own), ("+2", own), ("+3", another), ("+4", None)] {
            received(ground, from, service).await;
        }
        for (to, service, status) in [
            ("+1", own, Status::Queued),
            ("+1", own, Status::Sent),
            ("+2", own, Status::Delivered),
            ("+3", own, Status::Failed),
            ("+3", own, Status::Expired),
            ("+4", another, Status::Sent),
            ("+5", None, Status::Sent),
        ] {
            sent(ground, ground.account, to, service, status).await;
        }
        sent(ground, ground.other.0, "+9", own, Status::Sent).await;
        let totals = ground.store.message_totals(ground.account, ground.service).await;
        let expected = Totals {
            received: 3,
            senders: 2,
            sent: 5,
            receivers: 3,
            acks: 2,
            nacks: 2,
            delivered: 1,
            undelivered: 0,
            since: None,
        };
        assert_eq!(totals, Ok(expected));
        let nothing = ground.store.message_totals(ground.account, ground.service + 2000).await;
        assert_eq!(nothing, Ok(Totals::default()));
    })
    .await;
}

#[tokio::test]
async fn a_count_looks_at_the_latest_only_and_says_so() {
    on_every_store(async |ground| {
        for from in ["+1", "+2", "+3", "+4"] {
            received(ground, from, Some(ground.service)).await;
        }
        let count = async |looked_at| {
            let totals = ground
                .store
                .message_totals_of(ground.account, ground.service, looked_at)
                .await;
            let totals = totals.unwrap();
            (totals.received, totals.senders, totals.since.is_some())
        };
        assert_eq!(count(5).await, (4, 4, false));
        assert_eq!(count(3).await, (3, 3, true));
    })
    .await;
}

#[tokio::test]
async fn a_rate_is_of_the_last_while_and_one_way() {
    on_every_store(async |ground| {
        for _ in 0..3 {
            received(ground, "+1", Some(ground.service)).await;
        }
        sent(ground, ground.account, "+1", Some(ground.service), Status::Sent).await;
        let rate = async |account, direction, seconds, later| {
            let now = ground.now + Duration::from_secs(later);
            let during = Duration::from_secs(seconds);
            ground
                .store
                .message_rate(account, ground.service, direction, now, during)
                .await
                .unwrap()
        };
        let own = ground.account;
        assert_eq!(rate(own, Direction::Inbound, 300, 10).await, 0.6);
        assert_eq!(rate(own, Direction::Inbound, 60, 10).await, 3.0);
        assert_eq!(rate(own, Direction::Outbound, 60, 10).await, 1.0);
        assert_eq!(rate(own, Direction::Inbound, 60, 100).await, 0.0);
        assert_eq!(rate(ground.other.0, Direction::Inbound, 60, 10).await, 0.0);
    })
    .await;
}
