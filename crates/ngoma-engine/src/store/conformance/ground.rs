//! An empty store with two accounts, on each kind of database.

use crate::SystemClock;
use crate::channel::Receipt;
use crate::directory::{AccountDocument, Document};
use crate::queue::{Line, Queue, StoreQueue};
use crate::record::Status;
use crate::store::model::{Disk, Fate, Surroundings};
use crate::store::{
    AttemptResult, InboundMessage, NewOutbound, OutcomeWrite, PeopleWrites, Publish, PulledInbound, PulledOutbound,
    QueueKind, ReceiptWrite, StepCommit, StepEnd, Store, StoreChoice, StoreError, StoreOptions,
};
use crate::trace::Trail;
use async_trait::async_trait;
use ngoma_message::{Address, MessageId, Object, Timestamp};
use ngoma_testkit::servers;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// A store, the numbers of what is in it, and the moment it is.
pub(super) struct Ground {
    pub(super) store: Store,
    pub(super) now: Timestamp,
    pub(super) account: i64,
    pub(super) channel: i64,
    pub(super) service: i64,
    /// Another account and its channel.
    pub(super) other: (i64, i64),
    database: Database,
    folders: Vec<TempDir>,
}

enum Database {
    Sqlite,
    Model(Arc<Disk>),
    Postgres(servers::Database),
}

/// Checks something on every kind of store.
pub(super) async fn on_every_store(check: impl AsyncFn(&mut Ground)) {
    check(&mut Ground::on(Database::Sqlite).await).await;
    on_stores_of_several(check).await;
}

/// Checks something on the kinds of stores that several processes work on at once.
pub(super) async fn on_stores_of_several(check: impl AsyncFn(&mut Ground)) {
    check(&mut Ground::on(Database::Model(Disk::new(Arc::new(SystemClock)))).await).await;
    if servers::available() {
        check(&mut Ground::on(Database::Postgres(servers::postgres().database())).await).await;
    }
}

impl Ground {
    async fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&database, folder.path()).await;
        store
            .apply_document(Arc::new(document()), Timestamp::now())
            .await
            .unwrap();
        let loaded = store.load_directory().await.unwrap();
        let account = |code: &str| loaded.accounts.iter().find(|held| held.code == code).unwrap().id;
        let channel = |account: i64| {
            loaded
                .channels
                .iter()
                .find(|channel| channel.account == account)
                .unwrap()
                .id
        };
        let (own, other) = (account("demo"), account("other"));
        let service = loaded
            .services
            .iter()
            .find(|service| service.account == own)
            .unwrap()
            .id;
        Self {
            now: Timestamp::now(),
            account: own,
            channel: channel(own),
            service,
            other: (other, channel(other)),
            store,
            database,
            folders: vec![folder],
        }
    }

    /// Where the database is, when it is a PostgreSQL.
    pub(super) fn postgres(&self) -> Option<String> {
        match &self.database {
            Database::Postgres(database) => Some(database.url()),
            Database::Sqlite | Database::Model(_) => None,
        }
    }

    /// The store as another process of another data folder opens it.
    pub(super) async fn another_process(&mut self) -> Store {
        self.folders.push(tempfile::tempdir().unwrap());
        open(&self.database, self.folders.last().unwrap().path()).await
    }

    /// The store as a process opens it that follows the first one in its folder.
    pub(super) async fn successor(&self) -> Store {
        self.store.close();
        open(&self.database, self.folders[0].path()).await
    }

    /// A text of a person, under this id of its provider's.
    pub(super) fn inbound(&self, provider_id: Option<&str>) -> InboundMessage {
        InboundMessage {
            id: MessageId::generate(),
            account: self.account,
            channel: self.channel,
            provider_id: provider_id.map(str::to_owned),
            fingerprint: None,
            part: None,
            from: Address::new("tel", "+1"),
            to: Address::new("tel", "100"),
            content: Some("hi".into()),
            session: None,
            answer_by: None,
            transport_metadata: Object::new(),
            created_at: self.now,
        }
    }

    /// Stores a text and leases it to this process.
    pub(super) async fn take_in(&self) -> InboundMessage {
        self.take_in_from("+1").await
    }

    /// The same of that person.
    pub(super) async fn take_in_from(&self, from: &str) -> InboundMessage {
        let message = InboundMessage {
            from: Address::new("tel", from),
            ..self.inbound(None)
        };
        let stored = self.store.store_inbound(
            message.clone(),
            Publish::Leased,
            self.store.epoch(),
            Arc::default(),
            Trail::default(),
        );
        stored.await.unwrap();
        message
    }

    /// A text to a person.
    pub(super) fn outbound(&self, publish: Publish) -> NewOutbound {
        NewOutbound {
            publish: Some(publish),
            ..NewOutbound::answering(&self.inbound(None), MessageId::generate(), "hello".into())
        }
    }

    /// The end of an inbound message without effects.
    pub(super) fn step(&self, message: &InboundMessage) -> StepCommit {
        StepCommit {
            people: PeopleWrites::default(),
            wished: None,
            given_up_after: None,
            record: None,
            account: self.account,
            message: message.id.clone(),
            lease: self.store.epoch(),
            at: self.now,
            end: StepEnd {
                status: Status::Handled,
                reason: None,
            },
            service: Some(self.service),
            session: None,
            kv: Vec::new(),
            outbound: Vec::new(),
            metrics: Vec::new(),
            log: Vec::new(),
            trail: Trail::default(),
        }
    }

    /// A line of the channel.
    pub(super) fn line(&self, kind: QueueKind) -> Line {
        Line {
            account: self.account,
            channel: self.channel,
            kind,
        }
    }

    /// Takes texts of people from the queue.
    pub(super) async fn pull_inbound(&self, store: &Store, limit: usize) -> Vec<PulledInbound> {
        let queue = StoreQueue::new(store.clone());
        let leases = queue.pull(self.line(QueueKind::Inbound), self.now, limit).await;
        store.inbound_of(leases.unwrap()).await.unwrap()
    }

    /// Takes texts to people from the queue.
    pub(super) async fn pull_outbound(&self, store: &Store, limit: usize) -> Vec<PulledOutbound> {
        let queue = StoreQueue::new(store.clone());
        let leases = queue.pull(self.line(QueueKind::Outbound), self.now, limit).await;
        store.outbound_of(leases.unwrap()).await.unwrap()
    }

    /// Says that an attempt begins now.
    pub(super) async fn begin_attempt(&self, store: &Store, message: &MessageId) -> Result<bool, StoreError> {
        let lease = store.epoch();
        store
            .begin_attempt(self.account, message.clone(), self.now, lease)
            .await
    }

    /// Stores what an attempt brought.
    pub(super) async fn end_attempt(&self, store: &Store, message: &MessageId, result: AttemptResult) {
        let outcome = self.outcome(store, message, result);
        store.record_outcome(Arc::new(outcome)).await.unwrap();
    }

    /// What an attempt brought.
    pub(super) fn outcome(&self, store: &Store, message: &MessageId, result: AttemptResult) -> OutcomeWrite {
        OutcomeWrite {
            listeners: Arc::default(),
            id: MessageId::generate(),
            lease: store.epoch(),
            account: self.account,
            channel: self.channel,
            message: message.clone(),
            root: None,
            part: None,
            at: self.now,
            result,
            trail: Trail::default(),
        }
    }

    /// A receipt of the channel.
    pub(super) fn receipt(&self, receipt: Receipt) -> ReceiptWrite {
        ReceiptWrite {
            listeners: Arc::default(),
            account: self.account,
            channel: self.channel,
            receipt,
            event: MessageId::generate(),
            at: self.now,
        }
    }

    pub(super) async fn status(&self, message: &MessageId) -> Status {
        let held = self.store.message(self.account, message).await.unwrap();
        held.expect("the message is there").status
    }

    /// The kinds of a message's events, oldest first.
    pub(super) async fn events(&self, message: &MessageId) -> Vec<String> {
        let events = self.store.events(self.account, message).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

async fn open(database: &Database, folder: &Path) -> Store {
    let choice = match database {
        Database::Model(disk) => {
            let name = folder.to_string_lossy();
            return Store::on_model(disk, Arc::new(Calm), &name);
        }
        Database::Sqlite => StoreChoice::Sqlite,
        Database::Postgres(database) => StoreChoice::Postgres(database.url()),
    };
    Store::open(folder, StoreOptions::of_a_test(choice)).await.unwrap()
}

/// Nothing goes wrong.
struct Calm;

#[async_trait]
impl Surroundings for Calm {
    async fn pass(&self, _what: &str) {}

    fn is_alive(&self) -> bool {
        true
    }

    fn group(&self) -> usize {
        16
    }

    fn fate(&self) -> Fate {
        Fate::Kept
    }

    fn reads_at_once(&self) -> bool {
        true
    }
}

fn document() -> Document {
    let declared = || AccountDocument::of_a_test(&[("sms", "100")]);
    Document {
        accounts: BTreeMap::from(["demo", "other"].map(|account| (account.to_owned(), declared()))),
    }
}
