//! The engine's own steps under a seeded clock, network and disk: each seed is one history of kills, lost answers and
//! late receipts, and at its end the invariants I1 to I7 hold or its story is told.

mod carrier;
mod chaos;
mod checks;
mod clients;
mod clock;
mod journal;
mod keeper;
mod ledger;
mod people;
mod process;
mod random;
mod service;
mod tests;
mod world;

use crate::faults::{self, Fault};
use std::sync::Arc;
use std::time::Duration;
use world::{ACCOUNTS, Shape, World};

/// How many people write and dial in each account.
const PEOPLE: usize = 2;
/// How long it may take until everything is at rest.
const REST_WITHIN: Duration = Duration::from_secs(4 * 3600);

/// What a seed's simulation brought.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    /// The invariants that do not hold.
    broken: Vec<String>,
    /// What happened.
    story: Vec<String>,
}

/// Runs one seed, with a bug planted or none.
fn simulate(seed: u64, fault: Option<Fault>) -> Verdict {
    simulate_shaped(seed, fault, &|_| {})
}

/// The same with a history of another shape than the seed's own.
fn simulate_shaped(seed: u64, fault: Option<Fault>, reshape: &dyn Fn(&mut Shape)) -> Verdict {
    faults::plant(fault);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let verdict = runtime.expect("a runtime can be made").block_on(play(seed, reshape));
    faults::plant(None);
    verdict
}

async fn play(seed: u64, reshape: &dyn Fn(&mut Shape)) -> Verdict {
    let world = World::new(seed, reshape);
    world.note(&format!("seed {seed}: {:?}", world.shape));
    keeper::declare(&world).await;
    for worker in 0..world.shape.workers {
        tokio::spawn(keeper::keep(Arc::clone(&world), worker));
    }
    for account in ACCOUNTS {
        for person in 1..=PEOPLE {
            world.set_out(people::write_texts(Arc::clone(&world), account, person));
            world.set_out(people::dial(Arc::clone(&world), account, person));
        }
        world.set_out(clients::hand_over(Arc::clone(&world), account));
    }
    chaos::rage(&world).await;
    rest(&world).await;
    checks::check(&world);
    world.end();
    let broken = std::mem::take(&mut world.ledger().broken);
    Verdict {
        broken,
        story: world.journal.lines(),
    }
}

/// Waits until everything has come to its end.
async fn rest(world: &World) {
    let begun = world.clock.elapsed();
    while !world.is_at_rest() {
        if world.clock.elapsed() - begun > REST_WITHIN {
            let waits = world.disk.rows("SELECT item, kind, lease, attempt_at FROM work");
            return world.break_rule(format!("I1: it does not come to rest: {waits:?}"));
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}
