//! A system hands a message over: it is stored as a client's is, and goes out by the channel whose routes lead to the relay.

use super::{Kept, settings};
use crate::channel::SystemMessage;
use crate::clients::{AcceptError, check_address, check_texts, hand_in};
use crate::directory::{Catalog, ChannelEntry, ServiceEntry, ServiceKind};
use crate::engine::Runtime;
use crate::outbound::{address_on, backlog, choose_channel, measure};
use crate::store::{AcceptResult, Acceptance, NewOutbound, Publish, StoreError};
use ngoma_message::{MessageId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The endpoint that no channel is named by: the first channel whose routes lead to the service.
const ENDPOINT: &str = "";

/// Takes one message of a system that speaks by this channel. Returns its id when it is durable.
pub(crate) async fn submit(
    runtime: &Arc<Runtime>,
    channel: &ChannelEntry,
    message: SystemMessage,
) -> Result<MessageId, AcceptError> {
    let room = runtime.store.check_room().await;
    room.map_err(|error| AcceptError::Unavailable(error.to_string()))?;
    let (catalog, now) = (runtime.catalog(), runtime.clock.now());
    let service = relay_of(&catalog, channel)?;
    let (message, by) = plan(runtime, service, message, now)?;
    if let Some(by) = catalog.channel(by) {
        backlog::check(runtime, by)?;
    }
    let id = message.id.clone();
    let acceptance = Acceptance {
        account: channel.account,
        messages: vec![message],
        at: now,
        lease: runtime.store.epoch(),
        idempotency: None,
    };
    let place = match catalog.account(channel.account) {
        Some(account) => Arc::clone(&account.accepting).acquire_owned().await.ok(),
        None => None,
    };
    match hand_in(runtime, acceptance, place).await {
        Ok(AcceptResult::Accepted | AcceptResult::Known(_) | AcceptResult::KeyTaken) => Ok(id),
        Err(StoreError::Unavailable(reason) | StoreError::Refused(reason)) => Err(AcceptError::Unavailable(reason)),
    }
}

/// The service that stands for the systems of a channel.
fn relay_of<'a>(catalog: &'a Catalog, channel: &ChannelEntry) -> Result<&'a ServiceEntry, AcceptError> {
    let stands_for = |service: &&Arc<ServiceEntry>| {
        service.kind == ServiceKind::Relay
            && service.account == channel.account
            && settings(&service.config).is_ok_and(|settings| settings.channel == channel.name)
    };
    let found = catalog.services().find(stands_for);
    found.map(Arc::as_ref).ok_or_else(|| {
        let problem = format!(
            "no service of kind relay has channel = {:?}: nothing says where its messages go",
            channel.name
        );
        invalid("channel", problem)
    })
}

/// The message as it is stored, and the channel it goes by.
fn plan(
    runtime: &Runtime,
    service: &ServiceEntry,
    message: SystemMessage,
    now: Timestamp,
) -> Result<(NewOutbound, i64), AcceptError> {
    check_texts(&message.to, &message.content, runtime.limits.content_chars)
        .map_err(|(field, problem)| invalid(field, problem))?;
    let way = choose_channel(runtime, service, ENDPOINT, &message.to).map_err(|reason| invalid("channel", reason))?;
    if message.is_as_written && !way.running.transport.sends_as_written() {
        let problem = "it is a part of a text, or no text: only a carrier's channel of SMPP can send it";
        return Err(invalid("channel", problem.into()));
    }
    check_address(&way.to).map_err(|(field, problem)| invalid(field, problem))?;
    let catalog = runtime.catalog();
    let by = catalog.channel(way.running.id);
    let given = message.from.as_deref().zip(by);
    let from = given.map(|(from, by)| address_on(&way.running, by, from)).or(way.from);
    let valid_for = message
        .valid_for
        .or_else(|| by?.record.policy.valid_for.map(Duration::from_secs));
    let kept = Kept {
        from: message
            .from
            .or_else(|| Some(from.as_ref()?.value().to_owned()))
            .unwrap_or_default(),
        reports: message.reports,
        noted: message.noted,
    };
    let mut planned = NewOutbound::to_somebody(service.account, service.id, way.to, message.content);
    planned.channel = Some(way.running.id);
    planned.from = from;
    planned.helper_metadata = kept.as_metadata();
    planned.helper_metadata.extend(message.helper_metadata);
    planned.priority = message.priority.number();
    planned.expires_at = valid_for.map(|valid_for| now + valid_for);
    planned.publish = Some(Publish::Free);
    measure(&mut planned, &way.running);
    Ok((planned, way.running.id))
}

fn invalid(field: &'static str, problem: String) -> AcceptError {
    AcceptError::Invalid {
        index: 0,
        field,
        problem,
    }
}
