//! One suite for every queue: what each must do, whatever stands behind it.

use super::brokered::Lost;
use super::contract::Durability;
use super::memory::MemoryBroker;
use super::{BrokeredQueue, Line, Published, Queue, RabbitBroker, StoreQueue, Ticket};
use crate::store::{QueueKind, Store, StoreChoice, StoreOptions};
use ngoma_message::{MessageId, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const SECOND: Duration = Duration::from_secs(1);

/// A queue under test, and what keeps it alive.
struct Bench {
    queue: Arc<dyn Queue>,
    _folder: TempDir,
}

async fn store(choice: StoreChoice) -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        group_commit: 64,
        backlog: 1024,
        ..StoreOptions::of_a_test(choice)
    };
    (Store::open(folder.path(), options).await.unwrap(), folder)
}

async fn in_store(choice: StoreChoice) -> Bench {
    let (store, folder) = store(choice).await;
    Bench {
        queue: Arc::new(StoreQueue::new(store)),
        _folder: folder,
    }
}

/// A queue over the memory broker, whose tickets are taken by a task of its own.
async fn in_memory() -> (Bench, Arc<MemoryBroker>, Arc<BrokeredQueue>) {
    let (store, folder) = store(StoreChoice::Sqlite).await;
    let broker = Arc::new(MemoryBroker::default());
    let queue = BrokeredQueue::new(store, broker.clone(), Arc::default());
    let receiving = Arc::clone(&queue);
    tokio::spawn(async move { receiving.receive().await });
    let bench = Bench {
        queue: queue.clone(),
        _folder: folder,
    };
    (bench, broker, queue)
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000) + SECOND * u32::try_from(seconds).unwrap()
}

fn line(channel: i64) -> Line {
    Line {
        account: 1,
        channel,
        kind: QueueKind::Outbound,
    }
}

fn ticket(channel: i64, due: u64, priority: i64) -> Ticket {
    Ticket {
        line: line(channel),
        item: MessageId::generate(),
        priority,
        due_at: at(due),
    }
}

impl Bench {
    /// Pulls until that many came; a broker brings them in its own time.
    async fn pull(&self, channel: i64, now: u64, credit: usize, expected: usize) -> Vec<super::Lease> {
        let mut leases = Vec::new();
        let pulling = async {
            // A queue that is to bring nothing is asked a few times.
            let mut asked = 0;
            while leases.len() < expected || (expected == 0 && asked < 20) {
                let room = credit - leases.len();
                leases.extend(self.queue.pull(line(channel), at(now), room).await.unwrap());
                asked += 1;
                tokio::task::yield_now().await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(60), pulling).await;
        assert_eq!(leases.len(), expected);
        leases
    }
}

/// Everything a queue must do.
async fn conform(bench: &Bench) {
    publishes_once_and_hands_out_once(bench).await;
    gives_no_more_than_the_credit(bench).await;
    holds_back_what_is_not_due(bench).await;
    brings_back_what_is_given_back(bench).await;
    buries_what_is_given_up(bench).await;
    serves_the_urgent_first_and_the_rest_too(bench).await;
}

async fn publishes_once_and_hands_out_once(bench: &Bench) {
    let queue = &bench.queue;
    let (first, second) = (ticket(1, 0, 2), ticket(1, 1, 2));
    let batch = vec![first.clone(), second.clone()];
    assert_eq!(
        queue.publish(batch).await.unwrap(),
        [Published::Durable, Published::Durable]
    );
    assert_eq!(
        queue.publish(vec![first.clone()]).await.unwrap(),
        [Published::Duplicate]
    );
    let leases = bench.pull(1, 5, 10, 2).await;
    // Work of different people has no order among each other.
    let mut items: Vec<_> = leases.iter().map(|lease| lease.item.clone()).collect();
    items.sort();
    assert_eq!(items, [first.item, second.item]);
    assert!(leases.iter().all(|lease| lease.attempts == 0 && !lease.attempt_open));
    bench.pull(1, 5, 10, 0).await;
    assert_eq!(queue.depth(line(1), at(5)).await.unwrap().leased, 2);
    assert!(queue.extend().await.unwrap());
    assert_eq!(queue.ack(&leases).await.unwrap(), [Ok(()), Ok(())]);
    let again = queue.ack(&leases).await.unwrap();
    assert!(again.iter().all(Result::is_err), "an ack is told once: {again:?}");
    assert_eq!(queue.depth(line(1), at(5)).await.unwrap(), super::Depth::default());
}

async fn gives_no_more_than_the_credit(bench: &Bench) {
    let batch: Vec<Ticket> = (0..20).map(|_| ticket(2, 0, 2)).collect();
    bench.queue.publish(batch).await.unwrap();
    let first = bench.pull(2, 1, 7, 7).await;
    let rest = bench.pull(2, 1, 100, 13).await;
    bench.queue.ack(&[first, rest].concat()).await.unwrap();
}

async fn holds_back_what_is_not_due(bench: &Bench) {
    let queue = &bench.queue;
    queue.publish(vec![ticket(3, 60, 2)]).await.unwrap();
    bench.pull(3, 59, 10, 0).await;
    assert_eq!(queue.next_due(line(3)).await.unwrap(), Some(at(60)));
    let depth = queue.depth(line(3), at(59)).await.unwrap();
    assert_eq!((depth.ready, depth.delayed), (0, 1));
    let leases = bench.pull(3, 60, 10, 1).await;
    queue.ack(&leases).await.unwrap();
}

async fn brings_back_what_is_given_back(bench: &Bench) {
    let queue = &bench.queue;
    queue.publish(vec![ticket(4, 0, 2)]).await.unwrap();
    let lease = bench.pull(4, 0, 1, 1).await.remove(0);
    assert_eq!(queue.nak(&lease, at(30)).await.unwrap(), Ok(()));
    assert!(queue.nak(&lease, at(40)).await.unwrap().is_err(), "it was given back");
    bench.pull(4, 29, 1, 0).await;
    let again = bench.pull(4, 30, 1, 1).await;
    assert_eq!(again[0].item, lease.item);
    queue.ack(&again).await.unwrap();
}

async fn buries_what_is_given_up(bench: &Bench) {
    let queue = &bench.queue;
    queue.publish(vec![ticket(5, 0, 2)]).await.unwrap();
    let lease = bench.pull(5, 0, 1, 1).await.remove(0);
    assert_eq!(queue.term(&lease, at(1), "poison").await.unwrap(), Ok(()));
    assert!(queue.term(&lease, at(1), "again").await.unwrap().is_err());
    bench.pull(5, 9, 1, 0).await;
    let depth = queue.depth(line(5), at(9)).await.unwrap();
    assert_eq!((depth.ready, depth.leased, depth.dead), (0, 0, 1));
}

async fn serves_the_urgent_first_and_the_rest_too(bench: &Bench) {
    let batch: Vec<Ticket> = (0..60).map(|number| ticket(6, 0, number % 4)).collect();
    let urgent: Vec<MessageId> = batch
        .iter()
        .filter(|ticket| ticket.priority == 0)
        .map(|ticket| ticket.item.clone())
        .collect();
    bench.queue.publish(batch).await.unwrap();
    let first = bench.pull(6, 1, 15, 15).await;
    let taken = first.iter().filter(|lease| urgent.contains(&lease.item)).count();
    // A broker brings what it was handed in an order of its own: there priorities decide what it is handed first.
    let is_brokered = bench.queue.abilities().durability == Durability::Majority;
    assert!(taken >= 8 || is_brokered, "{taken} of the first 15 are urgent");
    let rest = bench.pull(6, 1, 100, 45).await;
    bench.queue.ack(&[first, rest].concat()).await.unwrap();
}

#[tokio::test]
async fn sqlite_conforms() {
    conform(&in_store(StoreChoice::Sqlite).await).await;
}

#[tokio::test]
async fn postgres_conforms() {
    if !ngoma_testkit::servers::available() {
        return;
    }
    let database = ngoma_testkit::servers::postgres().database();
    conform(&in_store(StoreChoice::Postgres(database.url().to_owned())).await).await;
}

#[tokio::test]
async fn memory_conforms_and_is_not_for_production() {
    let (bench, ..) = in_memory().await;
    assert_eq!(bench.queue.abilities().durability, Durability::Nothing);
    conform(&bench).await;
}

/// A queue over RabbitMQ on a virtual host of its own.
async fn on_rabbit(url: &str) -> (Bench, Arc<BrokeredQueue>) {
    let (store, folder) = store(StoreChoice::Sqlite).await;
    let broker = Arc::new(RabbitBroker::open(url, 4).unwrap());
    let queue = BrokeredQueue::new(store, broker, Arc::default());
    let receiving = Arc::clone(&queue);
    tokio::spawn(async move { receiving.receive().await });
    let bench = Bench {
        queue: queue.clone(),
        _folder: folder,
    };
    (bench, queue)
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_conforms() {
    if !ngoma_testkit::servers::available() {
        return;
    }
    let url = ngoma_testkit::servers::rabbitmq().vhost();
    let (bench, _) = on_rabbit(&url).await;
    assert_eq!(bench.queue.abilities().durability, Durability::Majority);
    conform(&bench).await;
}

#[tokio::test]
async fn a_broker_that_brings_a_ticket_twice_hands_out_the_work_once() {
    let (bench, broker, _) = in_memory().await;
    bench.queue.publish(vec![ticket(1, 0, 2)]).await.unwrap();
    let leases = bench.pull(1, 0, 1, 1).await;
    broker.bring_again();
    bench.pull(1, 0, 9, 0).await;
    bench.queue.ack(&leases).await.unwrap();
    broker.bring_again();
    bench.pull(1, 0, 9, 0).await;
}

/// F24: the broker's disk is gone.
#[tokio::test]
async fn a_broker_that_was_wiped_is_filled_again_from_the_store() {
    let (bench, broker, queue) = in_memory().await;
    let batch: Vec<Ticket> = (0..50).map(|_| ticket(1, 0, 2)).collect();
    bench.queue.publish(batch).await.unwrap();
    assert_eq!(queue.relay(line(1), at(0)).await.unwrap(), 50);
    broker.wipe();
    // What came before the wipe is in this process's hands; the store knows about the rest.
    let before = bench.queue.pull(line(1), at(0), 100).await.unwrap();
    queue.rebuild(at(1), Lost::All).await.unwrap();
    let after = bench.pull(1, 1, 100, 50 - before.len()).await;
    bench.queue.ack(&[before, after].concat()).await.unwrap();
    assert_eq!(
        bench.queue.depth(line(1), at(1)).await.unwrap(),
        super::Depth::default()
    );
}
