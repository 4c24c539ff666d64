//! The ports of a service's step: the directory, and the store.

use super::contacts::StoreContacts;
use super::{AccountPorts, Allowances, MessageCounter, OptOutReader, Totals};
use crate::directory::{Catalog, ChannelEntry, ServiceEntry};
use crate::engine::Runtime;
use crate::outbound::has_way;
use crate::record::{Direction, OptOutRecord};
use crate::service::PortError;
use crate::store::StoreError;
use async_trait::async_trait;
use ngoma_message::{Address, vumi};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One service's account, as its steps see it.
pub(crate) struct OfService {
    runtime: Arc<Runtime>,
    account: i64,
    service: i64,
    contacts: Arc<StoreContacts>,
    was_away: AtomicBool,
}

impl OfService {
    pub(crate) fn new(runtime: &Arc<Runtime>, service: &ServiceEntry) -> Arc<Self> {
        Arc::new(Self {
            runtime: Arc::clone(runtime),
            account: service.account,
            service: service.id,
            contacts: StoreContacts::of(runtime, service),
            was_away: AtomicBool::new(false),
        })
    }

    /// The ports it stands behind.
    pub(crate) fn ports(self: &Arc<Self>) -> AccountPorts {
        AccountPorts {
            allowances: self.clone(),
            opt_outs: self.clone(),
            messages: self.clone(),
            contacts: self.contacts.clone(),
        }
    }

    /// Whether the store did not answer once.
    pub(crate) fn was_away(&self) -> bool {
        self.was_away.load(Ordering::Relaxed) || self.contacts.was_away()
    }

    fn port_error(&self, error: StoreError) -> PortError {
        if let StoreError::Unavailable(_) = &error {
            self.was_away.store(true, Ordering::Relaxed);
        }
        PortError(error.to_string())
    }

    fn with_service<T: Default>(&self, find: impl FnOnce(&Catalog, &ServiceEntry) -> T) -> T {
        let catalog = self.runtime.catalog();
        let service = catalog.service(self.service);
        service.map(|service| find(&catalog, service)).unwrap_or_default()
    }
}

/// The channels whose routes lead to a service, in the order of their numbers.
fn channels_of(catalog: &Catalog, service: i64) -> impl Iterator<Item = &ChannelEntry> {
    let leads_there = move |channel: &&ChannelEntry| channel.routes.iter().any(|route| route.service == service);
    catalog.channels().filter(leads_there)
}

impl Allowances for OfService {
    fn service(&self) -> String {
        self.with_service(|_, service| service.key.service.clone())
    }

    fn manages_opt_outs(&self) -> bool {
        let catalog = self.runtime.catalog();
        let account = catalog.account(self.account);
        account.is_some_and(|account| account.policy.services_manage_optouts)
    }

    fn helper_metadata(&self) -> Vec<String> {
        self.with_service(|_, service| service.helper_metadata.to_vec())
    }

    fn has_endpoint(&self, endpoint: &str) -> bool {
        self.with_service(|_, service| has_way(&self.runtime, service, endpoint))
    }

    fn channel_of_tag(&self, pool: &str, tag: &str) -> Option<String> {
        let fits = |channel: &&ChannelEntry| {
            let record = &channel.record;
            record.address.as_deref() == Some(tag) && (channel.name == pool || record.channel_type == pool)
        };
        self.with_service(|catalog, service| {
            let found = channels_of(catalog, service.id).find(fits);
            found.map(|channel| channel.name.clone())
        })
    }

    fn has_other_service(&self, name: &str) -> bool {
        self.with_service(|catalog, service| {
            let account = catalog.directory.accounts.get(&service.key.account);
            name != service.key.service && account.is_some_and(|account| account.services.contains_key(name))
        })
    }

    fn address(&self, vumi_type: &str, value: &str) -> Address {
        let country =
            self.with_service(|catalog, service| channels_of(catalog, service.id).find_map(|channel| channel.country));
        vumi::address_of(vumi_type, value, country)
    }
}

#[async_trait]
impl OptOutReader for OfService {
    async fn get(&self, address: &Address) -> Result<Option<OptOutRecord>, PortError> {
        let held = self.runtime.store.opt_out_of(self.account, address).await;
        held.map_err(|error| self.port_error(error))
    }

    async fn count(&self) -> Result<u64, PortError> {
        let count = self.runtime.store.count_opt_outs(self.account).await;
        count.map_err(|error| self.port_error(error))
    }
}

#[async_trait]
impl MessageCounter for OfService {
    async fn totals(&self) -> Result<Totals, PortError> {
        let (runtime, now) = (&self.runtime, self.runtime.clock.monotonic());
        let count = || runtime.store.message_totals(self.account, self.service);
        let totals = runtime.tallies.totals(self.service, now, count).await;
        totals.map_err(|error| self.port_error(error))
    }

    async fn rate(&self, direction: Direction, during: Duration) -> Result<f64, PortError> {
        let (account, service, now) = (self.account, self.service, self.runtime.clock.now());
        let _alone = self.runtime.tallies.alone(service).await;
        let rate = self
            .runtime
            .store
            .message_rate(account, service, direction, now, during);
        rate.await.map_err(|error| self.port_error(error))
    }
}
