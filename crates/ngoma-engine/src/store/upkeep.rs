//! Maintenance: what is over is closed or removed, a bounded piece at a time.

use super::{Store, StoreError};
use ngoma_message::Timestamp;

impl Store {
    /// Closes sessions that have expired, at most `limit`; says how many.
    pub(crate) async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write(move |db| {
            // In the order of their beginning, so that the index of open sessions is all that is read.
            let closed = db
                .prepare_cached(
                    "UPDATE session SET is_open = 0 WHERE id IN (
                        SELECT id FROM session WHERE is_open = 1 AND expires_at <= ?1 ORDER BY started_at LIMIT ?2)",
                )?
                .execute((now.micros(), limit))?;
            Ok(closed)
        })
        .await
    }
}
