//! Finds leases that no task has. A transaction whose answer was lost may have leased messages to this process: nobody
//! here works on them, and no other process may.

use crate::channels::Running;
use crate::engine::Runtime;
use crate::store::StoreError;
use ngoma_message::MessageId;

/// Gives back what is leased and in nobody's hands, when something is in doubt. Only the task that pulls leases what is
/// in the queue already, and it calls this: what is in nobody's hands here stays so meanwhile.
pub(super) async fn free(runtime: &Runtime, running: &Running) -> Result<(), StoreError> {
    let doubt = std::mem::take(&mut *running.doubt());
    if !doubt.is_new && doubt.suspects.is_empty() {
        return Ok(());
    }
    let looked = async {
        let mut leased = runtime.store.leased(running.account, running.id).await?;
        leased.retain(|message| doubt.is_new || doubt.suspects.contains(message));
        let (held, unheld): (Vec<MessageId>, Vec<MessageId>) =
            leased.into_iter().partition(|message| running.holds(message));
        runtime.store.free_leases(running.account, unheld).await?;
        Ok(held)
    };
    match looked.await {
        // A task may hold a message of which another lease was lost: it is looked at again when the task is done.
        Ok(held) => running.doubt().suspects.extend(held),
        Err(error) => {
            running.doubt().is_new = true;
            return Err(error);
        }
    }
    Ok(())
}
