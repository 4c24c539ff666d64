//! Maintenance: what is over is closed or removed, a bounded piece at a time.

use super::sql::args;
use super::{NO_ACCOUNT, Store, StoreError};
use ngoma_message::Timestamp;

impl Store {
    /// Closes sessions that have expired, at most `limit`; says how many.
    pub(crate) async fn expire_sessions(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(NO_ACCOUNT, move |db| {
            // In the order of their beginning, so that the index of open sessions is all that is read.
            let over = db.query(
                "SELECT account, channel, key FROM session WHERE is_open = 1 AND expires_at <= ?1
                ORDER BY account, started_at LIMIT ?2",
                &args![now, limit],
            )?;
            for row in &over {
                let (account, channel): (i64, i64) = (row.get(0)?, row.get(1)?);
                db.execute(
                    "UPDATE session SET is_open = 0
                    WHERE account = ?1 AND channel = ?2 AND key = ?3 AND is_open = 1 AND expires_at <= ?4",
                    &args![account, channel, row.get::<String>(2)?, now],
                )?;
            }
            Ok(over.len())
        })
        .await
    }
}
