//! Which counts move with what the store has taken.

use super::{Count, Metrics};
use crate::channel::LateAnswer;
use crate::record::Status;
use crate::store::{AttemptResult, NewOutbound, OutcomeEffects, OutcomeWrite, ReceiptResult, StepCommit};
use ngoma_message::DeliveryStatus;

/// How much was accepted and sent by a channel since this process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    pub(crate) accepted: u64,
    pub(crate) sent: u64,
}

impl Metrics {
    /// What a channel has moved.
    pub(crate) fn moves(&self, channel: i64) -> Moves {
        let counts = self.counts_of(channel);
        let of = |count| counts.as_ref().map_or(0, |counts| counts.get(count));
        Moves {
            accepted: of(Count::Accepted),
            sent: of(Count::Sent),
        }
    }

    /// A client's messages were accepted.
    pub(crate) fn note_accepted(&self, channels: &[Option<i64>]) {
        for channel in channels {
            self.count(Count::Accepted, *channel);
        }
    }

    /// Work on a message that came by this channel ended.
    pub(crate) fn note_step(&self, channel: i64, step: &StepCommit) {
        let count = match step.end.status {
            Status::Failed => Some(Count::InboundFailed),
            Status::Expired => Some(Count::InboundExpired),
            Status::Unrouted => Some(Count::InboundUnrouted),
            _ => None,
        };
        if let Some(count) = count {
            self.count(count, Some(channel));
        }
        let has_no_way = |message: &&NewOutbound| message.status == Status::Failed;
        for message in step.outbound.iter().filter(has_no_way) {
            self.count(Count::Failed, message.channel);
        }
    }

    /// An attempt to send brought this.
    pub(crate) fn note_outcome(&self, outcome: &OutcomeWrite, effects: &OutcomeEffects) {
        let channel = Some(outcome.channel);
        match &outcome.result {
            AttemptResult::Sent { .. } => self.count(Count::Sent, channel),
            AttemptResult::Over { status, .. } if effects.has_moved => match status {
                Status::Expired => self.count(Count::Expired, channel),
                Status::Unknown => self.count(Count::Ambiguous, channel),
                _ => self.count(Count::Failed, channel),
            },
            AttemptResult::Over { .. }
            | AttemptResult::NextPart
            | AttemptResult::Later { .. }
            | AttemptResult::HandedOn { .. }
            | AttemptResult::PassedOn { .. } => {}
        }
        if effects.is_ambiguous {
            self.count(Count::Ambiguous, channel);
        }
        if effects.is_possible_duplicate {
            self.count(Count::PossibleDuplicates, channel);
        }
        for status in &effects.joined {
            self.note_delivery(outcome.channel, *status);
        }
    }

    /// A receipt did this.
    pub(crate) fn note_receipt(&self, channel: i64, result: &ReceiptResult) {
        match result {
            ReceiptResult::Recorded(_, said) => self.note_delivery(channel, *said),
            ReceiptResult::Held => self.count(Count::ReceiptsHeld, Some(channel)),
            ReceiptResult::Unchanged | ReceiptResult::Unknown => {}
        }
    }

    /// The carrier's late answer did this.
    pub(crate) fn note_answer(&self, channel: i64, answer: &LateAnswer, result: &ReceiptResult) {
        if let ReceiptResult::Recorded(..) = result {
            let is_sent = answer.result.is_ok();
            self.count(if is_sent { Count::Sent } else { Count::Failed }, Some(channel));
        }
    }

    fn note_delivery(&self, channel: i64, status: DeliveryStatus) {
        match status {
            DeliveryStatus::Delivered => self.count(Count::Delivered, Some(channel)),
            DeliveryStatus::Failed => self.count(Count::Failed, Some(channel)),
            DeliveryStatus::Pending => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_accepted_message_counts_on_its_channel() {
        let metrics = Metrics::default();
        metrics.note_accepted(&[Some(1), Some(2), Some(1), None]);
        let accepted = |channel| metrics.counts_of(channel).unwrap().get(Count::Accepted);
        assert_eq!((accepted(1), accepted(2), accepted(3)), (2, 1, 0));
        assert_eq!(metrics.no_channel.get(Count::Accepted), 1);
    }
}
