//! The engine's maintenance steps, on a schedule.

use ngoma_engine::Engine;
use std::sync::Arc;
use std::time::Duration;

/// How often the steps run. Each does a bounded part of its work, so that nobody waits for it.
const EVERY: Duration = Duration::from_secs(60);

/// Runs them for ever; a step that fails is tried again in its next turn.
pub async fn run(engine: Arc<Engine>) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        if let Err(error) = engine.expire_sessions().await {
            tracing::warn!(%error, "expired sessions could not be closed");
        }
        if let Err(error) = engine.expire_keys().await {
            tracing::warn!(%error, "expired keys could not be removed");
        }
    }
}
