//! Contacts and groups are kept as any implementation keeps them, in the transaction of the step that changed them.

use super::{Ground, on_every_store};
use crate::ports::contacts::conformance::{Book, contacts_suite};
use crate::ports::contacts::{Contact, ContactWrite, ContactsPort, Query, StoreContacts};
use crate::store::StoreError;
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl Book for StoreContacts {
    async fn apply(&self, writes: Vec<ContactWrite>) -> Result<(), String> {
        self.change(writes).await.map_err(|error| match error {
            StoreError::Refused(reason) => reason,
            error @ StoreError::Unavailable(_) => error.to_string(),
        })
    }
}

fn accounts(ground: &Ground) -> [StoreContacts; 2] {
    let account = |number, code| StoreContacts::new(ground.store.clone(), number, code);
    [account(ground.account, "demo"), account(ground.other.0, "other")]
}

async fn in_every_store(check: impl AsyncFn(&dyn Book, &dyn Book)) {
    on_every_store(async |ground| {
        let [own, other] = accounts(ground);
        check(&own, &other).await;
    })
    .await;
}

contacts_suite!(in_every_store);

#[tokio::test]
async fn a_steps_contacts_are_stored_with_it_or_not_at_all() {
    on_every_store(async |ground| {
        let [own, _] = accounts(ground);
        let message = ground.take_in().await;
        let mut step = ground.step(&message);
        step.people.contacts = vec![ContactWrite::Add(Contact::new("a", ground.now))];
        ground.store.commit_step(Arc::new(step)).await.unwrap();
        assert!(own.contact("a").await.unwrap().is_some());

        let message = ground.take_in().await;
        let mut step = ground.step(&message);
        step.people.contacts = vec![ContactWrite::Add(Contact::new("b", ground.now))];
        step.kv = vec![
            crate::service::KvWrite::Set {
                key: "n".into(),
                value: "no number".into(),
                expires_at: None,
            },
            crate::service::KvWrite::Increment {
                key: "n".into(),
                amount: 1,
            },
        ];
        let refused = ground.store.commit_step(Arc::new(step)).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert_eq!(own.contact("b").await, Ok(None));
        assert_eq!(own.count(&Query::Everything).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_full_account_takes_no_more() {
    on_every_store(async |ground| {
        let [own, _] = accounts(ground);
        let group = |at: usize| {
            ContactWrite::AddGroup(crate::ports::contacts::Group {
                key: format!("{at:04}"),
                name: "g".into(),
                query: None,
                created_at: ground.now,
            })
        };
        own.apply((0..1000).map(group).collect()).await.unwrap();
        let refused = own.apply(vec![group(1000)]).await.unwrap_err();
        assert!(refused.starts_with("The account has 1000 groups already"), "{refused}");
        assert_eq!(own.groups().await.unwrap().len(), 1000);
        // One that is there already takes no room.
        own.apply(vec![group(0)]).await.unwrap();
    })
    .await;
}
