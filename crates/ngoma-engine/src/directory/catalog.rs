//! The directory as the message path needs it: by the store's numbers, with routes ready to match.

use super::{Account, AccountPolicy, ChannelRecord, Directory, Listeners, Route, ServiceKind, WebhookRecord};
use crate::outbound::Bucket;
use crate::service::ServiceKey;
use crate::store::{Loaded, LoadedAccount, LoadedService};
use ngoma_message::{Address, Country, Object};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What exists at one moment, by number.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// The same by name.
    pub(crate) directory: Arc<Directory>,
    accounts: HashMap<i64, AccountEntry>,
    channels: BTreeMap<i64, ChannelEntry>,
    services: BTreeMap<i64, Arc<ServiceEntry>>,
    channel_numbers: HashMap<(String, String), i64>,
    account_numbers: HashMap<String, i64>,
}

/// An account and who is told what happens in it.
#[derive(Debug)]
pub(crate) struct AccountEntry {
    pub(crate) id: i64,
    pub(crate) code: String,
    pub(crate) webhook: Option<WebhookRecord>,
    pub(crate) policy: AccountPolicy,
    pub(crate) listeners: Arc<Listeners>,
    /// Places for calls of its web hook that are under way.
    pub(crate) calling: Arc<Semaphore>,
    /// Places for requests of its clients that are being stored.
    pub(crate) accepting: Arc<Semaphore>,
    /// How fast its channels send together.
    pub(crate) pace: Arc<Bucket>,
}

/// How much is worked on at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomLimits {
    /// Steps of one service.
    pub(crate) steps: usize,
    /// Events of one service in memory.
    pub(crate) events: usize,
    /// Calls of one account's web hook.
    pub(crate) calls: usize,
    /// Requests of one account's clients.
    pub(crate) accepting: usize,
}

/// A channel and the routes of what comes by it.
#[derive(Debug)]
pub(crate) struct ChannelEntry {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) account_code: String,
    pub(crate) name: String,
    pub(crate) record: ChannelRecord,
    pub(crate) country: Option<Country>,
    pub(crate) routes: Vec<RouteEntry>,
}

/// A route, ready to match.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    pub(crate) address: Option<String>,
    pub(crate) keyword: Option<String>,
    pub(crate) service: i64,
}

/// A service and what its steps need.
#[derive(Debug)]
pub(crate) struct ServiceEntry {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) key: ServiceKey,
    pub(crate) kind: ServiceKind,
    pub(crate) config: Arc<Object>,
    pub(crate) http_allow: Option<Arc<Vec<String>>>,
    pub(crate) helper_metadata: Arc<Vec<String>>,
    pub(crate) bundle_hash: String,
    /// Whether it is told what became of its messages.
    pub(crate) wants_events: bool,
    /// How many of its steps run at once.
    pub(crate) running: Arc<Semaphore>,
    /// Places in memory for events on their way to it.
    pub(crate) event_room: Arc<Semaphore>,
}

impl Catalog {
    /// Builds it from what the store holds; services and accounts keep the places they have in `before`.
    pub(crate) fn build(loaded: Loaded, before: &Catalog, room: RoomLimits) -> Self {
        let codes: HashMap<i64, String> = loaded.accounts.iter().map(|a| (a.id, a.code.clone())).collect();
        let mut catalog = Self::default();
        let mut directory = Directory::default();
        for account in loaded.accounts {
            let declared = Account {
                webhook: account.webhook.clone(),
                policy: account.policy.clone(),
                ..Account::default()
            };
            directory.accounts.insert(account.code.clone(), declared);
            catalog.account_numbers.insert(account.code.clone(), account.id);
            let entry = AccountEntry::new(account, &loaded.services, before, room);
            catalog.accounts.insert(entry.id, entry);
        }
        for channel in loaded.channels {
            let code = &codes[&channel.account];
            let entry = ChannelEntry {
                id: channel.id,
                account: channel.account,
                account_code: code.clone(),
                name: channel.name.clone(),
                country: channel.record.country.as_deref().and_then(Country::parse),
                record: channel.record.clone(),
                routes: Vec::new(),
            };
            let account = directory.accounts.entry(code.clone()).or_default();
            account.channels.insert(channel.name.clone(), channel.record);
            catalog.channel_numbers.insert((code.clone(), channel.name), channel.id);
            catalog.channels.insert(channel.id, entry);
        }
        for service in loaded.services {
            let key = ServiceKey {
                account: codes[&service.account].clone(),
                service: service.name.clone(),
                version: service.record.version,
            };
            let (running, event_room) = match before.service(service.id) {
                Some(before) => (Arc::clone(&before.running), Arc::clone(&before.event_room)),
                None => (
                    Arc::new(Semaphore::new(room.steps)),
                    Arc::new(Semaphore::new(room.events)),
                ),
            };
            let entry = ServiceEntry {
                id: service.id,
                account: service.account,
                // A word of a later version is met as code, which says what it cannot load.
                kind: ServiceKind::parse(&service.record.kind).unwrap_or(ServiceKind::Script),
                config: Arc::clone(&service.record.config),
                http_allow: service.record.http_allow.clone(),
                helper_metadata: Arc::clone(&service.record.helper_metadata),
                bundle_hash: service.record.bundle_hash.clone(),
                wants_events: service.record.wants_events,
                running,
                event_room,
                key,
            };
            let account = directory.accounts.entry(entry.key.account.clone()).or_default();
            account.services.insert(service.name, service.record);
            catalog.services.insert(service.id, Arc::new(entry));
        }
        for route in loaded.routes {
            catalog.add_route(&mut directory, route);
        }
        catalog.directory = Arc::new(directory);
        catalog
    }

    /// An account by its number.
    pub(crate) fn account(&self, id: i64) -> Option<&AccountEntry> {
        self.accounts.get(&id)
    }

    /// Every account.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &AccountEntry> {
        self.accounts.values()
    }

    /// Who is told what happens in an account.
    pub(crate) fn listeners(&self, account: i64) -> Arc<Listeners> {
        let account = self.account(account);
        account
            .map(|account| Arc::clone(&account.listeners))
            .unwrap_or_default()
    }

    /// An account's number by its name.
    pub(crate) fn account_number(&self, account: &str) -> Option<i64> {
        self.account_numbers.get(account).copied()
    }

    /// A channel by its number.
    pub(crate) fn channel(&self, id: i64) -> Option<&ChannelEntry> {
        self.channels.get(&id)
    }

    /// A channel by its name.
    pub(crate) fn channel_named(&self, account: &str, name: &str) -> Option<&ChannelEntry> {
        let id = self.channel_numbers.get(&(account.to_owned(), name.to_owned()))?;
        self.channels.get(id)
    }

    /// Every channel, in the order of their numbers.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &ChannelEntry> {
        self.channels.values()
    }

    /// A service by its number.
    pub(crate) fn service(&self, id: i64) -> Option<&Arc<ServiceEntry>> {
        self.services.get(&id)
    }

    /// Every service, in the order of their numbers.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Arc<ServiceEntry>> {
        self.services.values()
    }

    fn add_route(&mut self, directory: &mut Directory, route: crate::store::LoadedRoute) {
        let (Some(channel), Some(service)) = (self.channels.get_mut(&route.channel), self.services.get(&route.service))
        else {
            return;
        };
        channel.routes.push(RouteEntry {
            address: route
                .address
                .as_deref()
                .map(|address| Address::tel(address, channel.country).value().to_owned()),
            keyword: route.keyword.as_deref().map(str::to_lowercase),
            service: route.service,
        });
        let account = directory.accounts.entry(channel.account_code.clone()).or_default();
        account.routes.push(Route {
            channel: channel.name.clone(),
            address: route.address,
            keyword: route.keyword,
            service: service.key.service.clone(),
        });
    }
}

impl AccountEntry {
    fn new(loaded: LoadedAccount, services: &[LoadedService], before: &Catalog, room: RoomLimits) -> Self {
        let wants_events = |service: &&LoadedService| service.account == loaded.id && service.record.wants_events;
        let listeners = Listeners {
            services: services.iter().filter(wants_events).map(|service| service.id).collect(),
            topics: loaded
                .webhook
                .as_ref()
                .map(|webhook| webhook.events.clone())
                .unwrap_or_default(),
        };
        let (calling, accepting, pace) = match before.account(loaded.id) {
            Some(before) => (
                Arc::clone(&before.calling),
                Arc::clone(&before.accepting),
                Arc::clone(&before.pace),
            ),
            None => (
                Arc::new(Semaphore::new(room.calls)),
                Arc::new(Semaphore::new(room.accepting)),
                Arc::default(),
            ),
        };
        Self {
            id: loaded.id,
            code: loaded.code,
            webhook: loaded.webhook,
            policy: loaded.policy,
            listeners: Arc::new(listeners),
            calling,
            accepting,
            pace,
        }
    }
}
