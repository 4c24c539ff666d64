//! Who keeps the worker processes: starts them, starts them again, does their upkeep.

use super::carrier::SimulatedType;
use super::process::{Process, SpoolSide};
use super::random::Random;
use super::service::Script;
use super::world::{ACCOUNTS, World};
use crate::channel::ChannelType;
use crate::directory::{AccountDocument, Document};
use crate::queue::{BrokeredQueue, Queue, StoreQueue};
use crate::spool::Spool;
use crate::store::Store;
use crate::store::model::{Disk, Surroundings};
use crate::{Engine, EngineOptions, Limits};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How often a process looks for others that do not live any more, and for what has expired.
const UPKEEP: Duration = Duration::from_secs(15);

/// Declares the accounts, in a process of its own.
pub(super) async fn declare(world: &Arc<World>) {
    let process = Process::new(world, "declare".to_owned());
    let (engine, _carrying) = open(world, &process, "declare", None)
        .await
        .expect("nothing goes wrong yet");
    engine.apply(document()).await.expect("the document can be applied");
    process.die("it is done");
    process.clear();
}

/// Keeps a worker until the runtime ends.
pub(super) async fn keep(world: Arc<World>, worker: usize) {
    let folder = ["a", "b"][worker];
    let random = Random::of(world.seed, &format!("keeper {folder}"));
    for life in 1.. {
        let process = Process::new(&world, format!("{folder}{life}"));
        world.note(&format!("{} starts", process.name));
        world.seat(worker, Some(Arc::clone(&process)));
        tokio::select! {
            biased;
            () = process.death() => {}
            () = live(&world, &process, folder, world.spools.get(worker)) => {}
        }
        process.die("it is done");
        world.seat(worker, None);
        process.clear();
        world.broker.bring_again();
        tokio::time::sleep(random.millis(10, 5_000)).await;
    }
}

async fn live(world: &Arc<World>, process: &Arc<Process>, folder: &str, spool: Option<&Arc<Disk>>) {
    let Some((engine, _carrying)) = open(world, process, folder, spool).await else {
        return process.die("its store cannot be read");
    };
    engine.start().await;
    process.run(Arc::clone(&engine));
    let upkeep = tokio::spawn(keep_up(Arc::clone(process), Arc::clone(&engine)));
    process.is_asked().await;
    engine.stop().await;
    upkeep.abort();
}

/// An engine, and the tasks that carry its tickets when there is a broker.
async fn open(
    world: &Arc<World>,
    process: &Arc<Process>,
    folder: &str,
    spool: Option<&Arc<Disk>>,
) -> Option<(Arc<Engine>, JoinSet<()>)> {
    let surroundings: Arc<dyn Surroundings> = process.clone();
    let store = Store::on_model(&world.disk, surroundings, folder);
    let types: Vec<Box<dyn ChannelType>> = ["sms", "ussd"]
        .map(|code| -> Box<dyn ChannelType> {
            Box::new(SimulatedType {
                code,
                process: Arc::clone(process),
            })
        })
        .into();
    let script = Arc::new(Script(Arc::clone(process)));
    let mut options = EngineOptions::new(world.clock.clone(), script, types);
    options.limits = Limits {
        waiting_in_memory: world.shape.waiting_in_memory,
        sending_at_once: world.shape.sending_at_once,
        ..Limits::default()
    };
    let due_work = Arc::<Notify>::default();
    let (queue, carrying) = open_queue(world, &store, &due_work);
    let on_spool = Arc::new(SpoolSide(Arc::clone(process)));
    let spool = spool.map(|disk| Spool::on_model(disk, on_spool, options.limits.spool()));
    let engine = Engine::on_model(store, spool, queue, due_work, options).await.ok()?;
    Some((engine, carrying))
}

fn open_queue(world: &Arc<World>, store: &Store, due_work: &Arc<Notify>) -> (Arc<dyn Queue>, JoinSet<()>) {
    let mut carrying = JoinSet::new();
    if !world.shape.has_broker {
        return (Arc::new(StoreQueue::new(store.clone())), carrying);
    }
    let queue = BrokeredQueue::new(store.clone(), world.broker.clone(), Arc::clone(due_work));
    let (taking, mending) = (Arc::clone(&queue), Arc::clone(&queue));
    let (clock, status) = (Arc::clone(&world.clock), world.broker_status.subscribe());
    carrying.spawn(async move { taking.receive().await });
    carrying.spawn(async move { mending.mend(&*clock, status).await });
    (queue, carrying)
}

/// What a worker does every now and then, beside the beat that its engine does by itself.
async fn keep_up(process: Arc<Process>, engine: Arc<Engine>) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        process.pass("upkeep").await;
        if let Ok(1..) = engine.free_leases_of_the_dead().await {
            process.world.note(&format!("{} takes over", process.name));
        }
        let _ = engine.expire_sessions().await;
        let _ = engine.expire_keys().await;
        let _ = engine.expire_hand_overs().await;
        let _ = engine.end_held_texts().await;
        let _ = engine.join_crossed_receipts().await;
    }
}

fn document() -> Document {
    let declared = || AccountDocument::of_a_test(&[("ussd", "*120#"), ("sms", "100")]);
    let accounts = ACCOUNTS.map(|account| (account.to_owned(), declared()));
    Document {
        accounts: BTreeMap::from(accounts),
    }
}
