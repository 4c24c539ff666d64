//! An account's contacts and groups in the engine's own store.

use super::ContactsPort;
use super::contact::{Contact, Field, Group};
use super::query::Query;
use crate::directory::ServiceEntry;
use crate::engine::Runtime;
use crate::service::PortError;
use crate::store::{Store, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Those of one account.
pub(crate) struct StoreContacts {
    store: Store,
    account: i64,
    code: String,
    /// The service that asks, where several steps of it may at once.
    asking: Option<(Arc<Runtime>, i64)>,
    was_away: AtomicBool,
}

impl StoreContacts {
    /// Those that a service's steps see.
    pub(crate) fn of(runtime: &Arc<Runtime>, service: &ServiceEntry) -> Arc<Self> {
        Arc::new(Self {
            asking: Some((Arc::clone(runtime), service.id)),
            ..Self::new(runtime.store.clone(), service.account, &service.key.account)
        })
    }

    /// Those of the account of this number and code.
    pub(crate) fn new(store: Store, account: i64, code: &str) -> Self {
        Self {
            store,
            account,
            code: code.to_owned(),
            asking: None,
            was_away: AtomicBool::new(false),
        }
    }

    /// Whether the store did not give them once.
    pub(crate) fn was_away(&self) -> bool {
        self.was_away.load(Ordering::Relaxed)
    }

    /// Makes changes outside any step.
    #[cfg(test)]
    pub(crate) async fn change(&self, writes: Vec<super::ContactWrite>) -> Result<(), StoreError> {
        self.store.change_contacts(self.account, writes).await
    }

    /// Held while a search runs, so that a service which searches much has one of the store's threads at most.
    async fn alone(&self) -> Option<impl Send> {
        match &self.asking {
            Some((runtime, service)) => Some(runtime.tallies.alone(*service).await),
            None => None,
        }
    }

    fn given<T>(&self, result: Result<T, StoreError>) -> Result<T, PortError> {
        result.map_err(|error| match error {
            StoreError::Unavailable(_) => {
                self.was_away.store(true, Ordering::Relaxed);
                PortError(error.to_string())
            }
            StoreError::Refused(reason) => PortError(reason),
        })
    }
}

#[async_trait]
impl ContactsPort for StoreContacts {
    fn account(&self) -> &str {
        &self.code
    }

    async fn contact(&self, key: &str) -> Result<Option<Contact>, PortError> {
        self.given(self.store.contact(self.account, key).await)
    }

    async fn at_address(&self, field: Field, address: &str) -> Result<Vec<Contact>, PortError> {
        self.given(self.store.contacts_at(self.account, field, address).await)
    }

    async fn search(&self, query: &Query, limit: usize) -> Result<Vec<String>, PortError> {
        let _alone = self.alone().await;
        self.given(self.store.search_contacts(self.account, query, limit).await)
    }

    async fn count(&self, query: &Query) -> Result<u64, PortError> {
        let _alone = self.alone().await;
        self.given(self.store.count_contacts(self.account, query).await)
    }

    async fn total(&self) -> Result<u64, PortError> {
        self.given(self.store.contact_total(self.account).await)
    }

    async fn groups(&self) -> Result<Vec<Group>, PortError> {
        self.given(self.store.contact_groups(self.account).await)
    }

    fn fresh_key(&self) -> String {
        super::random_key()
    }

    async fn key_salt(&self) -> Result<Vec<u8>, PortError> {
        self.given(self.store.contact_salt(self.account).await)
    }
}
