//! The message that an answer is about.

use super::inbound::{INBOUND_COLUMNS, InboundMessage, inbound_from, stored_metadata};
use super::sql::args;
use super::{Store, StoreError};
use crate::record::Status;
use ngoma_message::{MessageId, Object};

/// A person's message, and how far it has come.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) message: InboundMessage,
    /// The service it went to, once its step has ended.
    pub(crate) service: Option<i64>,
    pub(crate) status: Status,
}

impl Store {
    /// A person's message of an account.
    pub(crate) async fn asked(&self, account: i64, id: &MessageId) -> Result<Option<Asked>, StoreError> {
        let id = id.clone();
        self.read(move |db| {
            let sql = format!(
                "SELECT m.service, m.status, {INBOUND_COLUMNS} FROM message AS m
                WHERE m.account = ?1 AND m.id = ?2 AND m.direction = 0"
            );
            let row = db.first(&sql, &args![account, &id])?;
            row.map(|row| {
                Ok(Asked {
                    service: row.get(0)?,
                    status: Status::from_number(row.get(1)?),
                    message: inbound_from(&row, 2)?,
                })
            })
            .transpose()
        })
        .await
    }

    /// What was noted with a message to a person.
    pub(crate) async fn noted_with(&self, account: i64, id: &MessageId) -> Result<Object, StoreError> {
        let id = id.clone();
        self.read(move |db| {
            let row = db.first(
                "SELECT metadata FROM message WHERE account = ?1 AND id = ?2 AND direction = 1",
                &args![account, &id],
            )?;
            Ok(stored_metadata(row.map_or(Ok(None), |row| row.get(0))?))
        })
        .await
    }
}
