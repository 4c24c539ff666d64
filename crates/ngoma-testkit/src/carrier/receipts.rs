//! The receipts a carrier owes: some before the answer, the others when the test wants them.

use super::Carrier;
use super::ledger::{Entry, ReceiptResult};
use super::listener::word;
use super::script::{Names, PlannedReceipt};
use ngoma_engine::channel::{Receipt, ReceiptFor};
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};

/// How many receipts are on their way at once, while they are sent by themselves.
const AT_ONCE: usize = 256;

/// A receipt that is still to be taken by the other side.
#[derive(Clone, Debug)]
pub(super) struct DueReceipt {
    receipt: Receipt,
    is_early: bool,
}

/// Sends receipts until it is dropped.
pub struct SendingReceipts(JoinHandle<()>);

/// The receipts planned for a message that was taken under this id.
pub(super) fn due(planned: &[PlannedReceipt], message_id: &str, provider_id: &str) -> Vec<DueReceipt> {
    let about = |names| match names {
        Names::ProviderId => ReceiptFor::ProviderId(provider_id.to_owned()),
        Names::OtherBase => ReceiptFor::ProviderId(in_hexadecimal(provider_id)),
        Names::OurId => ReceiptFor::MessageId(message_id.into()),
    };
    let due = |planned: &PlannedReceipt| DueReceipt {
        receipt: Receipt {
            about: about(planned.names),
            status: planned.status,
            reason: None,
        },
        is_early: planned.is_early,
    };
    planned.iter().map(due).collect()
}

impl Carrier {
    /// From now on a receipt is due that names this id, whatever message has it.
    pub fn owe(&self, receipt: PlannedReceipt, provider_id: &str) {
        self.plan().due.push(DueReceipt {
            receipt: Receipt {
                about: ReceiptFor::ProviderId(provider_id.to_owned()),
                status: receipt.status,
                reason: None,
            },
            is_early: false,
        });
    }

    /// Sends every receipt that is due, once each, and returns how many were not taken; they stay due.
    pub async fn send_receipts(&self) -> usize {
        let due = std::mem::take(&mut self.plan().due);
        self.send(due).await;
        self.plan().due.len()
    }

    /// Sends receipts as they become due, many at a time, those that are not taken again and again, with this pause
    /// between rounds.
    pub fn keep_sending_receipts(&self, pause: Duration) -> SendingReceipts {
        let carrier = self.clone();
        SendingReceipts(tokio::spawn(async move {
            let mut under_way = JoinSet::new();
            loop {
                let all_due = std::mem::take(&mut carrier.plan().due);
                for due in all_due {
                    if under_way.len() >= AT_ONCE {
                        under_way.join_next().await;
                    }
                    let carrier = carrier.clone();
                    under_way.spawn(async move { carrier.send(vec![due]).await });
                }
                tokio::time::sleep(pause).await;
                while under_way.try_join_next().is_some() {}
            }
        }))
    }

    /// Sends the early ones of these receipts; the others become due.
    pub(super) async fn announce(&self, receipts: Vec<DueReceipt>) {
        let (early, later) = receipts.into_iter().partition(|due| due.is_early);
        self.send(early).await;
        self.plan().due.extend(later);
    }

    async fn send(&self, receipts: Vec<DueReceipt>) {
        for due in receipts {
            let result = match self.listener() {
                Some(listener) => listener.report(&due.receipt).await,
                None => ReceiptResult::Unavailable,
            };
            let entry = Entry::Receipt {
                about: name(&due.receipt.about),
                status: word(due.receipt.status).to_owned(),
                result,
            };
            self.0.ledger.record(entry).await;
            if matches!(result, ReceiptResult::Unknown | ReceiptResult::Unavailable) {
                self.plan().due.push(due);
            }
        }
    }
}

impl Drop for SendingReceipts {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn name(about: &ReceiptFor) -> String {
    match about {
        ReceiptFor::MessageId(id) => id.to_string(),
        ReceiptFor::ProviderId(id) => id.clone(),
    }
}

/// The same number with other digits; a text that is no number has no other form.
fn in_hexadecimal(id: &str) -> String {
    let number = id.parse::<u64>();
    number.map_or_else(|_| id.to_owned(), |number| format!("{number:X}"))
}
