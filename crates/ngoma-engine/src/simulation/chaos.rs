//! What goes wrong: processes are killed, stopped and let go on, asked to end; the clock is set.

use super::process::{Blow, Process};
use super::random::Random;
use super::world::World;
use std::sync::Arc;
use std::time::Duration;

/// How long things go wrong.
const TROUBLE: Duration = Duration::from_secs(150);

/// What happens to one process, or to all.
#[derive(Clone, Copy, Debug)]
enum Misfortune {
    Kill,
    Freeze,
    Stop,
    ClockJump,
    BadDisk,
    Outage,
}

/// Lets things go wrong for a while.
pub(super) async fn rage(world: &Arc<World>) {
    let shape = &world.shape;
    world.begin_trouble();
    let planned = [
        (Misfortune::Kill, shape.kills),
        (Misfortune::Freeze, shape.freezes),
        (Misfortune::Stop, shape.stops),
        (Misfortune::ClockJump, shape.clock_jumps),
        (Misfortune::BadDisk, shape.bad_disks),
        (Misfortune::Outage, shape.outages),
    ];
    for (misfortune, times) in planned {
        for time in 0..times {
            let random = Random::of(world.seed, &format!("{misfortune:?} {time}"));
            tokio::spawn(strike(Arc::clone(world), random, misfortune));
        }
    }
    tokio::time::sleep(TROUBLE).await;
    world.calm_down();
}

async fn strike(world: Arc<World>, random: Random, misfortune: Misfortune) {
    let latest = match misfortune {
        // Early enough for others to take over what it had.
        Misfortune::Freeze => 60_000,
        _ => 120_000,
    };
    tokio::time::sleep(random.millis(0, latest)).await;
    let processes = world.all_processes();
    let process = (!processes.is_empty()).then(|| Arc::clone(random.one_of(&processes)));
    match (misfortune, process) {
        (Misfortune::ClockJump, _) => {
            let seconds = *random.one_of(&[-3_600, -30, 30, 3_600]);
            world.note(&format!("the clock is set by {seconds} s"));
            world.clock.set_by(seconds);
        }
        (Misfortune::BadDisk, _) => world.spoil_disk(random.millis(1_000, 10_000)).await,
        (Misfortune::Outage, _) => world.take_database_away(random.millis(1_000, 40_000)).await,
        (Misfortune::Kill, Some(process)) => process.strike_after(random.between(0, 40), Blow::Kill),
        (Misfortune::Freeze, Some(process)) => freeze(process, random).await,
        (Misfortune::Stop, Some(process)) => process.ask_to_stop(),
        (_, None) => {}
    }
}

async fn freeze(process: Arc<Process>, random: Random) {
    let blow = match process.world.shape.freezes_at_attempts {
        true => Blow::FreezeAtAttempt,
        false => Blow::Freeze,
    };
    process.strike_after(random.between(0, 40), blow);
    process.standstill().await;
    // For a moment, or for longer than its leases hold.
    let how_long = match random.happens(30) {
        true => random.millis(1_000, 20_000),
        false => random.millis(80_000, 140_000),
    };
    tokio::time::sleep(how_long).await;
    process.thaw();
}
