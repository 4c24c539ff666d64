//! A message that came, and what became of it.

use ngoma_message::Timestamp;
use ngoma_smpp::CommandStatus;
use ngoma_smpp::pdu::{Operation, ShortMessage};
use std::sync::Arc;

/// How many receipts of one message are kept in mind.
const RECEIPTS: usize = 100;

/// A message that came.
#[derive(Clone, Debug)]
pub struct Message {
    /// When it came.
    pub at: Timestamp,
    /// By which link.
    pub link: u64,
    /// Who sent it.
    pub system_id: String,
    /// By which operation.
    pub operation: Operation,
    /// The message as it came.
    pub message: Arc<ShortMessage>,
    /// What it was answered; nothing while it waits for that.
    pub answer: Option<Answered>,
    /// The receipts that were sent, oldest first.
    pub receipts: Vec<SentReceipt>,
}

/// What a message was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When.
    pub at: Timestamp,
    /// Whether it was taken.
    pub status: CommandStatus,
    /// Under which id; empty when it was not taken.
    pub id: String,
    /// Whether the answer was lost: nobody was told.
    pub is_lost: bool,
}

/// A receipt that was sent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SentReceipt {
    /// When.
    pub at: String,
    /// The word for what became of the message.
    pub state: String,
    /// What the ESME answered: a status, or why there is none.
    pub answer: String,
}

impl Message {
    /// How much it weighs in memory, in octets.
    pub(crate) fn weight(message: &ShortMessage) -> usize {
        std::mem::size_of::<Self>() + message.short_message.len() + message.tlvs.length()
    }

    /// Adds a receipt; of very many the first are kept.
    pub(crate) fn note_receipt(&mut self, receipt: SentReceipt) {
        if self.receipts.len() < RECEIPTS {
            self.receipts.push(receipt);
        }
    }

    /// Whether it was taken under this id.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|answer| answer.status.is_ok() && answer.id == id)
    }
}
