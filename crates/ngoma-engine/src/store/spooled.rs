//! What waited in the spool while the database was away, stored as if it had just come; once, however often it is tried.

use super::backend::OpError;
use super::inbound::{Taking, record_fallback, take_inbound};
use super::receipts::take_receipt;
use super::sql::{Db, SqlError, args};
use super::{
    FallbackText, InboundMessage, Publish, QueueKind, ReceiptResult, ReceiptWrite, Store, StoreError, StoredInbound,
};
use crate::directory::Listeners;
use crate::inbound::PartLimits;
use crate::trace::Trail;
use ngoma_message::Timestamp;
use std::sync::Arc;

/// Something that arrived while the database did not take it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arrival {
    /// A message of a person.
    Inbound(Box<SpooledInbound>),
    /// A delivery receipt.
    Receipt(ReceiptWrite),
    /// A text a channel gave by itself.
    Fallback(FallbackText),
}

/// A message of a person, and how far it got before it was spooled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpooledInbound {
    pub(crate) message: InboundMessage,
    pub(crate) trail: Trail,
    /// The lease it was to be stored with. The database may have committed it and lost its answer: then its work waits
    /// under a lease that nobody knows of.
    pub(crate) lease: Option<i64>,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landed {
    /// It is in the store.
    Stored,
    /// It was there before, or another message with its provider's id.
    Known,
    /// It is about a message that is not known.
    Unknown,
}

impl Arrival {
    /// Its account.
    pub(crate) fn account(&self) -> i64 {
        match self {
            Self::Inbound(inbound) => inbound.message.account,
            Self::Receipt(write) => write.account,
            Self::Fallback(fallback) => fallback.account,
        }
    }

    /// When it came.
    fn at(&self) -> Timestamp {
        match self {
            Self::Inbound(inbound) => inbound.message.created_at,
            Self::Receipt(write) => write.at,
            Self::Fallback(fallback) => fallback.at,
        }
    }

    /// The channel it came by.
    pub(crate) fn channel(&self) -> i64 {
        match self {
            Self::Inbound(inbound) => inbound.message.channel,
            Self::Receipt(write) => write.channel,
            Self::Fallback(fallback) => fallback.channel,
        }
    }
}

impl Store {
    /// Stores arrivals of one account in their order, all or none. A message that is published as leased goes on in this
    /// process, under [`Store::drain_lease`].
    pub(crate) async fn store_arrivals(
        &self,
        account: i64,
        arrivals: Arc<Vec<(Arrival, Publish)>>,
        lease: i64,
        listeners: Arc<Listeners>,
    ) -> Result<Vec<Landed>, StoreError> {
        let at = arrivals.first().map(|(arrival, _)| arrival.at());
        let shelf = at.map_or(0, |at| self.shelf(arrivals.len(), at));
        let part_limits = self.inner.part_limits;
        self.write(account, move |db| {
            let land = |(arrival, publish): &(Arrival, Publish)| {
                let landing = Landing {
                    publish: *publish,
                    lease,
                    listeners: &listeners,
                    part_limits,
                    shelf,
                };
                land(db, arrival, &landing)
            };
            arrivals.iter().map(land).collect()
        })
        .await
    }

    /// The lease of what comes from the spool. Work that is found under it before its entry is removed was stored by an
    /// earlier try whose answer was lost: nobody works on it.
    pub(crate) fn drain_lease(&self) -> i64 {
        -self.epoch()
    }
}

/// How an arrival is stored.
struct Landing<'a> {
    publish: Publish,
    lease: i64,
    listeners: &'a Arc<Listeners>,
    part_limits: PartLimits,
    shelf: i64,
}

fn land(db: &mut dyn Db, arrival: &Arrival, landing: &Landing<'_>) -> Result<Landed, OpError> {
    match arrival {
        Arrival::Inbound(inbound) => land_inbound(db, inbound, landing),
        Arrival::Receipt(write) => Ok(match take_receipt(db, &told_to(write, landing.listeners))? {
            ReceiptResult::Unknown => Landed::Unknown,
            ReceiptResult::Held | ReceiptResult::Recorded(..) => Landed::Stored,
            ReceiptResult::Unchanged => Landed::Known,
        }),
        Arrival::Fallback(fallback) => land_fallback(db, fallback, landing.shelf),
    }
}

/// The same, told to those who listen now.
fn told_to(write: &ReceiptWrite, listeners: &Arc<Listeners>) -> ReceiptWrite {
    ReceiptWrite {
        listeners: Arc::clone(listeners),
        ..write.clone()
    }
}

fn land_inbound(db: &mut dyn Db, inbound: &SpooledInbound, landing: &Landing<'_>) -> Result<Landed, OpError> {
    let message = &inbound.message;
    let taking = Taking {
        hand_over: landing.publish,
        lease: landing.lease,
        trail: &inbound.trail,
        listeners: landing.listeners,
        part_limits: landing.part_limits,
        shelf: landing.shelf,
    };
    match take_inbound(db, message, &taking)? {
        StoredInbound::Stored | StoredInbound::Held { .. } => Ok(Landed::Stored),
        StoredInbound::Duplicate(known) if known == message.id => {
            Ok(take_over(db, inbound, landing.publish, landing.lease)?)
        }
        StoredInbound::Duplicate(_) => Ok(Landed::Known),
    }
}

/// Takes over the work of a message that was committed while its answer was lost; what others work on is left to them.
/// The lease it was first stored with may be this process's own: taking over from it counts as an attempt, so that it is
/// done once.
fn take_over(db: &mut dyn Db, inbound: &SpooledInbound, publish: Publish, lease: i64) -> Result<Landed, SqlError> {
    let next = if publish == Publish::Free { 0 } else { lease };
    let taken = db.execute(
        "UPDATE work SET lease = ?6, attempts = 1 WHERE account = ?1 AND item = ?2 AND kind = ?3
        AND (lease = ?4 OR (lease = ?5 AND attempts = 0))",
        &args![
            inbound.message.account,
            &inbound.message.id,
            QueueKind::Inbound.number(),
            lease,
            inbound.lease.unwrap_or(lease),
            next
        ],
    )?;
    Ok(if taken == 1 { Landed::Stored } else { Landed::Known })
}

fn land_fallback(db: &mut dyn Db, fallback: &FallbackText, shelf: i64) -> Result<Landed, OpError> {
    let held = db.first(
        "SELECT 1 FROM message WHERE account = ?1 AND id = ?2",
        &args![fallback.account, &fallback.id],
    )?;
    if held.is_some() {
        return Ok(Landed::Known);
    }
    Ok(match record_fallback(db, fallback, shelf)? {
        Some(()) => Landed::Stored,
        None => Landed::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Priority;
    use crate::queue::Line;
    use crate::store::{StoreChoice, StoreOptions};
    use ngoma_message::{Address, MessageId, Object};
    use tempfile::TempDir;

    async fn open(folder: &TempDir) -> Store {
        let options = StoreOptions::of_a_test(StoreChoice::Sqlite);
        Store::open(folder.path(), options).await.unwrap()
    }

    fn spooled(lease: Option<i64>) -> SpooledInbound {
        SpooledInbound {
            message: InboundMessage {
                id: MessageId::generate(),
                account: 1,
                channel: 2,
                provider_id: Some("p".into()),
                fingerprint: None,
                part: None,
                from: Address::new("tel", "+1"),
                to: Address::new("tel", "100"),
                content: Some("hi".into()),
                session: None,
                answer_by: None,
                transport_metadata: Object::new(),
                created_at: Timestamp::from_micros(5),
            },
            trail: Trail::default(),
            lease,
        }
    }

    async fn land(store: &Store, inbound: &SpooledInbound, publish: Publish) -> Landed {
        let arrivals = vec![(Arrival::Inbound(Box::new(inbound.clone())), publish)];
        let landed = store
            .store_arrivals(1, Arc::new(arrivals), store.drain_lease(), Arc::default())
            .await;
        landed.unwrap()[0]
    }

    async fn pull(store: &Store) -> usize {
        let now = Timestamp::from_micros(9);
        let line = Line {
            account: 1,
            channel: 2,
            kind: QueueKind::Inbound,
        };
        let leases = store.lease(line, now, [10; Priority::COUNT]).await.unwrap();
        store.inbound_of(leases).await.unwrap().len()
    }

    /// The store committed a message and its answer was lost: its work waits under a lease nobody knows of.
    #[tokio::test]
    async fn work_that_was_committed_unanswered_is_taken_over_once() {
        for publish in [Publish::Free, Publish::Leased] {
            let folder = tempfile::tempdir().unwrap();
            let store = open(&folder).await;
            let inbound = spooled(Some(store.epoch()));
            let (message, trail) = (inbound.message.clone(), Trail::default());
            let stored = store.store_inbound(message, Publish::Leased, store.epoch(), Arc::default(), trail);
            assert_eq!(stored.await, Ok(StoredInbound::Stored));
            assert_eq!(pull(&store).await, 0);
            assert_eq!(land(&store, &inbound, publish).await, Landed::Stored);
            assert_eq!(pull(&store).await, usize::from(publish == Publish::Free));
            // Tried again after its answer was lost as well: what the queue gave to somebody stays with them.
            let again = land(&store, &inbound, publish).await;
            let expected = if publish == Publish::Free {
                Landed::Known
            } else {
                Landed::Stored
            };
            assert_eq!(again, expected);
            assert_eq!(pull(&store).await, 0);
        }
    }

    #[tokio::test]
    async fn a_message_that_came_again_meanwhile_is_stored_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        let (first, again) = (spooled(None), spooled(None));
        assert_eq!(land(&store, &first, Publish::Free).await, Landed::Stored);
        assert_eq!(land(&store, &again, Publish::Free).await, Landed::Known);
        assert_eq!(land(&store, &first, Publish::Free).await, Landed::Known);
        assert_eq!(pull(&store).await, 1);
    }

    #[tokio::test]
    async fn one_that_is_refused_leaves_none_of_its_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        let (first, mut wrong) = (spooled(None), spooled(None));
        wrong.message.id = MessageId::from("not of our form");
        wrong.message.provider_id = None;
        let both = [first, wrong].map(|inbound| (Arrival::Inbound(Box::new(inbound)), Publish::Free));
        let stored = store
            .store_arrivals(1, Arc::new(both.into()), store.drain_lease(), Arc::default())
            .await;
        assert!(matches!(stored, Err(StoreError::Refused(_))), "{stored:?}");
        assert_eq!(pull(&store).await, 0);
    }
}
