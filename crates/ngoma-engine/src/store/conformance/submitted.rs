//! What an application beside the engine hands over: once, with the end of its session.

use super::{Ground, on_every_store};
use crate::record::Status;
use crate::store::{AcceptResult, Acceptance, InboundMessage, NewOutbound, Publish, SessionRow, Submitted};
use crate::trace::Trail;
use ngoma_message::{Address, MessageId};
use std::sync::Arc;
use std::time::Duration;

/// A message whose step has ended, in a session that goes on.
async fn asked(ground: &Ground) -> InboundMessage {
    let message = ground.take_in().await;
    let mut step = ground.step(&message);
    step.session = Some(SessionRow {
        channel: ground.channel,
        key: "s".into(),
        address: Address::new("tel", "+1"),
        service: Some(ground.service),
        version: None,
        is_open: true,
        started_at: ground.now,
        last_at: ground.now,
        expires_at: ground.now + Duration::from_secs(600),
    });
    ground.store.commit_step(Arc::new(step)).await.unwrap();
    message
}

fn answer(ground: &Ground, asked: &InboundMessage, request: &str) -> Submitted {
    let mut message = NewOutbound::answering(asked, MessageId::generate(), "bye".into());
    message.publish = Some(Publish::Free);
    let mut trail = Trail::default();
    trail.note_about(&message.id, ground.now, "accept", "a reply");
    Submitted {
        acceptance: Acceptance {
            lease: ground.store.epoch(),
            account: ground.account,
            messages: vec![message],
            at: ground.now,
            idempotency: Some(("theirs".into(), request.as_bytes().to_vec())),
        },
        root: Some(asked.id.clone()),
        ends_session: Some((ground.channel, "s".into())),
        trail,
    }
}

#[tokio::test]
async fn an_answer_is_taken_once_and_ends_its_session() {
    on_every_store(async |ground| {
        let asked = asked(ground).await;
        let held = ground.store.asked(ground.account, &asked.id).await.unwrap().unwrap();
        assert_eq!((held.service, held.status), (Some(ground.service), Status::Handled));
        assert_eq!(held.message.content, asked.content);
        let strange = ground.store.asked(ground.other.0, &asked.id).await.unwrap();
        assert!(strange.is_none());

        let first = answer(ground, &asked, "one");
        let id = first.acceptance.messages[0].id.clone();
        assert_eq!(ground.store.accept_submitted(first).await, Ok(AcceptResult::Accepted));
        let again = ground.store.accept_submitted(answer(ground, &asked, "one")).await;
        assert_eq!(again, Ok(AcceptResult::Known(vec![id.clone()])));
        let other = ground.store.accept_submitted(answer(ground, &asked, "two")).await;
        assert_eq!(other, Ok(AcceptResult::KeyTaken));

        let session = ground.store.session(ground.account, ground.channel, "s").await.unwrap();
        assert_eq!(session.map(|session| session.is_open), Some(false));
        let pulled = ground.pull_outbound(&ground.store, 10).await;
        assert_eq!(pulled.len(), 1);
        assert_eq!((&pulled[0].message.id, &pulled[0].root), (&id, &Some(asked.id.clone())));
        let trace = ground.store.trace("demo", &asked.id).await.unwrap();
        assert!(trace.iter().any(|line| line.detail == "a reply"), "{trace:?}");
    })
    .await;
}
