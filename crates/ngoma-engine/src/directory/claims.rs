//! What a document may declare, looked at with what is there already and with the channel types: names that only one channel
//! may have, and the channels that relays stand for.

use super::{ApplyError, ChannelRecord, Directory, Document, ServiceKind};
use crate::channel::{ChannelType, Config};
use crate::channels::type_of;
use crate::relay;
use ngoma_message::Object;
use std::collections::BTreeMap;

/// By account and name, as it will be.
type Named<'a, T> = BTreeMap<(&'a str, &'a str), T>;

/// What is held first, what is declared last: whoever comes later is told.
type InOrder<'a> = Vec<((&'a str, &'a str), &'a ChannelRecord)>;

/// Checks what the directory will hold.
pub(crate) fn check(
    types: &[Box<dyn ChannelType>],
    document: &Document,
    directory: &Directory,
) -> Result<(), ApplyError> {
    let channels = channels(document, directory);
    check_claims(types, &channels)?;
    let channels = channels.into_iter().collect();
    check_relays(types, &channels, &relays(document, directory))
}

fn channels<'a>(document: &'a Document, directory: &'a Directory) -> InOrder<'a> {
    let is_declared = |code: &str, name: &str| {
        let account = document.accounts.get(code);
        account.is_some_and(|account| account.channels.contains_key(name))
    };
    let held = directory.accounts.iter().map(|(code, held)| (code, &held.channels));
    let declared = document
        .accounts
        .iter()
        .map(|(code, declared)| (code, &declared.channels));
    let named = |(code, channels): (&'a String, &'a BTreeMap<String, ChannelRecord>)| {
        let named = channels.iter();
        named.map(move |(name, record)| ((code.as_str(), name.as_str()), record))
    };
    let held = held
        .flat_map(named)
        .filter(|((code, name), _)| !is_declared(code, name));
    held.chain(declared.flat_map(named)).collect()
}

/// The settings of each relay.
fn relays<'a>(document: &'a Document, directory: &'a Directory) -> Named<'a, &'a Object> {
    let mut services = Named::new();
    for (code, account) in &directory.accounts {
        for (name, held) in &account.services {
            services.insert((code.as_str(), name.as_str()), (held.kind.as_str(), &*held.config));
        }
    }
    for (code, account) in &document.accounts {
        for (name, declared) in &account.services {
            services.insert(
                (code.as_str(), name.as_str()),
                (declared.kind.as_str(), &declared.config),
            );
        }
    }
    let is_relay = |kind: &str| ServiceKind::parse(kind) == Some(ServiceKind::Relay);
    let relays = services.into_iter().filter(|(_, (kind, _))| is_relay(kind));
    relays.map(|(name, (_, config))| (name, config)).collect()
}

fn check_claims(types: &[Box<dyn ChannelType>], channels: &InOrder<'_>) -> Result<(), ApplyError> {
    let mut claimed = BTreeMap::new();
    for ((account, name), record) in channels {
        let Some(channel_type) = type_of(types, &record.channel_type) else {
            continue;
        };
        let Some((field, value)) = channel_type.claims(&Config(record.config.clone())) else {
            continue;
        };
        if claimed.insert((channel_type.code(), field, value), ()).is_some() {
            // Whose it is is nobody's business.
            let problem = format!("channel {account}/{name}: config.{field}: another channel has it: choose another");
            return Err(ApplyError::Invalid(problem));
        }
    }
    Ok(())
}

fn check_relays(
    types: &[Box<dyn ChannelType>],
    channels: &Named<'_, &ChannelRecord>,
    relays: &Named<'_, &Object>,
) -> Result<(), ApplyError> {
    let mut stands_for = BTreeMap::new();
    for ((account, name), config) in relays {
        let invalid = |problem: String| Err(ApplyError::Invalid(format!("service {account}/{name}: {problem}")));
        let Ok(settings) = relay::settings(config) else {
            return invalid("its config cannot be read".into());
        };
        let channel = settings.channel;
        let record = channels.get(&(*account, channel.as_str()));
        let serves = record.and_then(|record| type_of(types, &record.channel_type));
        if !serves.is_some_and(ChannelType::serves_systems) {
            return invalid(format!(
                "channel {account}/{channel} is none that systems speak by, such as smpp_server"
            ));
        }
        if let Some(other) = stands_for.insert((*account, channel.clone()), *name) {
            return invalid(format!(
                "service {account}/{other} stands for channel {account}/{channel} already"
            ));
        }
    }
    Ok(())
}
