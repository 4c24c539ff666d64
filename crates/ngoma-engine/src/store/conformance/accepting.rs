//! What clients hand over: all of it or none, and once under their key.

use super::{Ground, on_every_store};
use crate::store::{AcceptResult, Acceptance, NewOutbound, Publish};
use ngoma_message::MessageId;

fn acceptance(ground: &Ground, key: Option<&str>, request: &str, messages: Vec<NewOutbound>) -> Acceptance {
    Acceptance {
        lease: ground.store.epoch(),
        account: ground.account,
        messages,
        at: ground.now,
        idempotency: key.map(|key| (key.to_owned(), request.as_bytes().to_vec())),
    }
}

#[tokio::test]
async fn accepted_messages_wait_in_the_order_of_their_priority() {
    on_every_store(async |ground| {
        let with = |priority| NewOutbound {
            priority,
            ..ground.outbound(Publish::Free)
        };
        let messages = vec![with(3), with(0), with(2), with(0)];
        let ids: Vec<MessageId> = messages.iter().map(|message| message.id.clone()).collect();
        let accepted = ground.store.accept(acceptance(ground, None, "", messages)).await;
        assert_eq!(accepted, Ok(AcceptResult::Accepted));
        let pull = async |limit| {
            let pulled = ground.pull_outbound(&ground.store, limit).await;
            pulled.into_iter().map(|taken| taken.message.id).collect::<Vec<_>>()
        };
        assert_eq!(pull(3).await, [&ids[1], &ids[3], &ids[2]].map(Clone::clone));
        assert_eq!(pull(3).await, [ids[0].clone()]);
        assert!(pull(3).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_request_is_done_once_under_its_key() {
    on_every_store(async |ground| {
        let messages = || vec![ground.outbound(Publish::Free), ground.outbound(Publish::Free)];
        let ask = async |key, request, messages| ground.store.accept(acceptance(ground, key, request, messages)).await;
        let first = messages();
        let ids: Vec<MessageId> = first.iter().map(|message| message.id.clone()).collect();
        assert_eq!(ask(Some("k"), "one", first).await, Ok(AcceptResult::Accepted));
        assert_eq!(ask(Some("k"), "one", messages()).await, Ok(AcceptResult::Known(ids)));
        assert_eq!(ask(Some("k"), "two", messages()).await, Ok(AcceptResult::KeyTaken));
        assert_eq!(ask(None, "one", messages()).await, Ok(AcceptResult::Accepted));
        assert_eq!(ground.pull_outbound(&ground.store, 100).await.len(), 4);
        let mut elsewhere = acceptance(ground, Some("k"), "other", Vec::new());
        elsewhere.account = ground.other.0;
        assert_eq!(ground.store.accept(elsewhere).await, Ok(AcceptResult::Accepted));
    })
    .await;
}
