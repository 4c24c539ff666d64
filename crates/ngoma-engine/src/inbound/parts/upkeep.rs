//! Long texts whose time is over.

use super::ending::Ending;
use crate::engine::Runtime;
use crate::store::StoreError;

/// Ends long texts whose time is over, at most `limit`; says how many.
pub(crate) async fn end_held_texts(runtime: &Runtime, limit: usize) -> Result<usize, StoreError> {
    let now = runtime.expiry_now();
    let mut endings: Vec<Ending> = Vec::new();
    for text in runtime.store.held_texts_over(now, limit).await? {
        let listeners = runtime.catalog().listeners(text.account);
        endings.extend(runtime.store.end_held_text(text, now, listeners).await?);
    }
    if endings.iter().any(|ending| matches!(ending, Ending::Partial(_))) {
        runtime.look_for_due_work();
        runtime.look_for_follow_ups();
    }
    Ok(endings.len())
}
