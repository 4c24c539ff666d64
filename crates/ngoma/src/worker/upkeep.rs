//! The engine's maintenance steps, on a schedule.

use ngoma_engine::{Engine, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often the steps run. Each does a bounded part of its work, so that nobody waits for it.
const EVERY: Duration = Duration::from_secs(60);

/// Runs them for ever; a step that fails is tried again in its next turn.
pub async fn run(engine: Arc<Engine>, worker_lease: Duration) {
    tokio::join!(clean_up(&engine), take_over(&engine, worker_lease / 2));
}

/// Takes over what processes left that were silent for too long.
async fn take_over(engine: &Engine, every: Duration) {
    let mut turns = tokio::time::interval(every);
    loop {
        turns.tick().await;
        if let Err(error) = engine.free_leases_of_the_dead().await {
            tracing::warn!(%error, "what other processes left could not be taken over");
        }
    }
}

async fn clean_up(engine: &Engine) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        if let Err(error) = engine.roll_partitions().await {
            tracing::warn!(%error, "partitions could not be made ahead");
        }
        if let Err(error) = engine.count_backlogs().await {
            tracing::warn!(%error, "what waits to be sent could not be counted");
        }
        if let Err(error) = until_none_is_left(|| engine.expire_sessions()).await {
            tracing::warn!(%error, "expired sessions could not be closed");
        }
        if let Err(error) = until_none_is_left(|| engine.end_held_texts()).await {
            tracing::warn!(%error, "what came of long texts could not be handed on");
        }
        if let Err(error) = until_none_is_left(|| engine.join_crossed_receipts()).await {
            tracing::warn!(%error, "receipts that had waited could not be matched");
        }
        if let Err(error) = until_none_is_left(|| engine.expire_hand_overs()).await {
            tracing::warn!(%error, "what was handed over for a while could not be given back");
        }
        if let Err(error) = engine.unload_earlier_versions().await {
            tracing::warn!(%error, "earlier versions of services could not be looked through");
        }
        if let Err(error) = until_none_is_left(|| engine.expire_keys()).await {
            tracing::warn!(%error, "expired keys could not be removed");
        }
    }
}

/// Repeats a step while it finds work. Between two, others' writes have their turn.
async fn until_none_is_left<Doing>(step: impl Fn() -> Doing) -> Result<(), StoreError>
where
    Doing: Future<Output = Result<usize, StoreError>>,
{
    while step().await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn a_turn_of_upkeep_leaves_nothing_however_much_there_was() {
        let left = Cell::new(1_200_usize);
        let step = || {
            let done = left.get().min(500);
            left.set(left.get() - done);
            std::future::ready(Ok(done))
        };
        until_none_is_left(step).await.unwrap();
        assert_eq!(left.get(), 0);
    }
}
