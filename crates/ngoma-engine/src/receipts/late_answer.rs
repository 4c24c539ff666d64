//! What a carrier said of a message that was handed on.

use super::{key_of_receipt, key_of_sent};
use crate::bounds::bound_id;
use crate::channel::{LateAnswer, ReceiveError, Reported, Sent, ToldIn};
use crate::directory::ChannelEntry;
use crate::engine::Runtime;
use crate::inbound::unavailable;
use crate::store::{LateAnswerWrite, ReceiptResult};
use ngoma_message::{Event, EventKind, MessageId, Object};

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// Takes a late answer from a channel. When this returns it is durable.
pub(crate) async fn answer(
    runtime: &Runtime,
    channel: &ChannelEntry,
    answer: LateAnswer,
) -> Result<Reported, ReceiveError> {
    let write = LateAnswerWrite {
        account: channel.account,
        channel: channel.id,
        event: MessageId::generate(),
        at: runtime.clock.now(),
        listeners: runtime.catalog().listeners(channel.account),
        carrier_key: answer
            .result
            .as_ref()
            .ok()
            .and_then(|sent| sent.provider_id.as_deref())
            .map(|id| match answer.told_in {
                ToldIn::Answer => key_of_sent(channel, id),
                ToldIn::Receipt => key_of_receipt(channel, id),
            }),
        answer: bounded(answer),
    };
    let event = Event {
        id: write.event.clone(),
        timestamp: write.at,
        message_id: write.answer.message.clone(),
        kind: kind(&write.answer),
        routing_metadata: Object::new(),
        helper_metadata: Object::new(),
        extra: Object::new(),
    };
    let is_heard = !write.listeners.is_empty();
    match runtime.store.record_answer(write).await.map_err(unavailable)? {
        ReceiptResult::Unknown => Err(ReceiveError::UnknownMessage),
        ReceiptResult::Held => Ok(Reported::Held),
        ReceiptResult::Unchanged => Ok(Reported::Unchanged),
        ReceiptResult::Recorded(..) => {
            if is_heard {
                runtime.look_for_follow_ups();
            }
            Ok(Reported::Recorded(Box::new(event)))
        }
    }
}

fn bounded(mut answer: LateAnswer) -> LateAnswer {
    match &mut answer.result {
        Ok(Sent { provider_id }) => bound_id(provider_id.as_mut()),
        Err(reason) => {
            if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
                reason.truncate(end);
            }
        }
    }
    answer
}

fn kind(answer: &LateAnswer) -> EventKind {
    match &answer.result {
        Ok(sent) => EventKind::Ack {
            sent_message_id: sent.provider_id.clone().unwrap_or_else(|| answer.message.to_string()),
        },
        Err(reason) => EventKind::Nack { reason: reason.clone() },
    }
}
