//! Whether this process takes messages, and what is amiss when it does all the same.

use super::Engine;
use std::time::Duration;

/// How long the store may take to show that it writes.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// How a process is that takes messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// All is well.
    Ready,
    /// It takes messages, and something is amiss: the database or the broker is away, and what comes waits for it.
    Degraded(String),
}

impl Engine {
    /// Whether messages are taken, and how well; the reason when they are not.
    pub async fn ready(&self) -> Result<Readiness, String> {
        let amiss: Vec<String> = [self.amiss_in_store().await?, self.amiss_in_broker()]
            .into_iter()
            .flatten()
            .collect();
        Ok(match amiss.is_empty() {
            true => Readiness::Ready,
            false => Readiness::Degraded(amiss.join("; ")),
        })
    }

    /// What is amiss in the store; an error when it takes nothing, and nothing can be kept for it.
    async fn amiss_in_store(&self) -> Result<Option<String>, String> {
        let store = &self.runtime.store;
        let problem = match tokio::time::timeout(READY_WITHIN, store.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("the store did not write within {} s", READY_WITHIN.as_secs())),
        };
        let amiss = match (problem, &self.runtime.spool) {
            (Some(problem), None) => return Err(problem),
            (Some(problem), Some(spool)) => {
                let room = spool.check_room();
                room.map_err(|full| format!("{problem}; {full}"))?;
                let count = spool.status().messages;
                Some(format!("{problem}; {count} messages are in the spool"))
            }
            (None, Some(spool)) => match spool.status().messages {
                0 => None,
                count => Some(format!("{count} messages in the spool wait for the store")),
            },
            (None, None) => None,
        };
        store.check_room().await.map_err(|error| error.to_string())?;
        let free = store.free_disk().map_err(|error| format!("the disk: {error}"))?;
        let least = self.runtime.limits.free_disk;
        match free < least {
            true => Err(format!(
                "{} MiB are free on the disk, fewer than {}",
                free >> 20,
                least >> 20
            )),
            false => Ok(amiss),
        }
    }

    /// What is amiss at the broker: messages wait in the store meanwhile.
    fn amiss_in_broker(&self) -> Option<String> {
        let status = self.brokered.as_ref()?.status();
        (!status.is_connected()).then(|| format!("{status}; messages wait in the store"))
    }
}
