//! What a carrier said of messages that were handed on before it was known.

use super::early_receipts::join_orphans;
use super::events::{NewEvent, append_event};
use super::outcomes::set_status;
use super::receipts::{Found, Named, ReceiptResult, WHOLE, find_by_id, know_carrier_id};
use super::sql::{Db, SqlError, args};
use super::work::end;
use super::{QueueKind, Store, StoreError};
use crate::channel::LateAnswer;
use crate::directory::Listeners;
use crate::record::Status;
use crate::trace::Trail;
use ngoma_message::{DeliveryStatus, MessageId, Timestamp};
use std::sync::Arc;

/// A late answer to be stored.
#[derive(Clone, Debug)]
pub(crate) struct LateAnswerWrite {
    pub(crate) account: i64,
    pub(crate) channel: i64,
    pub(crate) answer: LateAnswer,
    /// The provider's id in the form receipts are matched by.
    pub(crate) carrier_key: Option<String>,
    /// The id of the event that is appended.
    pub(crate) event: MessageId,
    pub(crate) at: Timestamp,
    /// Who is told of it.
    pub(crate) listeners: Arc<Listeners>,
}

impl Store {
    /// Stores what a carrier said of an outbound message of its channel: once, and never moving its status back.
    pub(crate) async fn record_answer(&self, write: LateAnswerWrite) -> Result<ReceiptResult, StoreError> {
        let noted = write.clone();
        let storing = self.write(write.account, move |db| {
            let found = find_by_id(db, (write.account, write.channel), &write.answer.message, WHOLE)?;
            match found {
                Some(found) => Ok(apply(db, &write, &found)?),
                None => Ok(ReceiptResult::Unknown),
            }
        });
        let result = storing.await?;
        self.inner.metrics.note_answer(noted.channel, &noted.answer, &result);
        Ok(result)
    }
}

fn apply(db: &mut dyn Db, write: &LateAnswerWrite, found: &Found) -> Result<ReceiptResult, SqlError> {
    let (account, id) = (write.account, &found.message);
    let said = match &write.answer.result {
        Ok(_) => DeliveryStatus::Pending,
        Err(_) => DeliveryStatus::Failed,
    };
    let (status, kind, detail, reason) = match &write.answer.result {
        Ok(sent) => (Status::Sent, "ack", sent.provider_id.as_deref(), None),
        Err(reason) => (Status::Failed, "nack", Some(reason.as_str()), Some(reason.as_str())),
    };
    let moves = set_status(db, account, id, status, reason)?;
    let says = match (&write.answer.result, detail) {
        (Ok(_), Some(detail)) => format!("taken by the carrier as {detail}"),
        (Ok(_), None) => "taken by the carrier".to_owned(),
        (Err(reason), _) => format!("refused by the carrier: {reason}"),
    };
    let mut trail = Trail::default();
    if !moves {
        trail.note_about(
            id,
            write.at,
            "answer",
            format!("{says}; it was {} already", found.status),
        );
    } else {
        trail.note_about(id, write.at, "answer", says);
        // The carrier has spoken: whatever else was to be tried is over.
        end(db, account, id, QueueKind::Outbound)?;
        note_provider_id(db, write, id)?;
        let event = NewEvent {
            account,
            message: id,
            id: &write.event,
            at: write.at,
            kind,
            detail,
            now: write.at,
        };
        append_event(db, &event, &write.listeners)?;
        if let Some(key) = &write.carrier_key {
            let named = Named {
                account,
                channel: write.channel,
                message: id,
                part: WHOLE,
                at: write.at,
                listeners: &write.listeners,
            };
            know_carrier_id(db, &named, key)?;
            join_orphans(db, &named, key)?;
        }
    }
    super::queries::append_trace(db, account, found.root.as_ref().unwrap_or(id), &trail)?;
    Ok(match moves {
        true => ReceiptResult::Recorded(id.clone(), said),
        false => ReceiptResult::Unchanged,
    })
}

fn note_provider_id(db: &mut dyn Db, write: &LateAnswerWrite, id: &MessageId) -> Result<(), SqlError> {
    let sent = write.answer.result.as_ref().ok();
    let Some(provider_id) = sent.and_then(|sent| sent.provider_id.as_deref()) else {
        return Ok(());
    };
    // What it might have been told before was that nobody knows.
    db.execute(
        "UPDATE message SET provider_id = ?3, reason = NULL WHERE account = ?1 AND id = ?2",
        &args![write.account, id, provider_id],
    )
    .map(drop)
}
