//! Which channel a message to somebody goes out by.

use crate::channels::Running;
use crate::directory::{Catalog, ChannelEntry, ServiceEntry};
use crate::engine::Runtime;
use ngoma_message::Address;
use std::sync::Arc;

/// A channel, and the two ends as it writes them.
pub(crate) struct Way {
    pub(crate) running: Arc<Running>,
    pub(crate) to: Address,
    pub(crate) from: Option<Address>,
    /// For the trace.
    pub(crate) reason: String,
}

impl Way {
    /// The same for a message that somebody else sent: it is not from the channel's own address.
    pub(crate) fn in_the_name_of(self, from: Option<String>) -> Self {
        match from {
            Some(from) => Self {
                from: Some(Address::new(self.to.scheme(), from)),
                ..self
            },
            None => self,
        }
    }
}

/// Finds the way: the account's channel named like the endpoint, else the first without sessions whose routes lead to
/// the service. Tells why there is none.
pub(crate) fn choose_channel(
    runtime: &Runtime,
    service: &ServiceEntry,
    endpoint: &str,
    to: &str,
) -> Result<Way, String> {
    let catalog = runtime.catalog();
    let (channel, reason) = match catalog.channel_named(&service.key.account, endpoint) {
        Some(channel) => (channel, format!("{}, which the endpoint names", channel.name)),
        None => {
            let channel = first_routed(runtime, &catalog, service).ok_or_else(|| {
                let service = &service.key.service;
                format!(
                    "no channel for endpoint {endpoint}: none has that name, and no route leads from a channel \
                     without sessions to service {service}"
                )
            })?;
            (
                channel,
                format!("{}, the first whose routes lead to the service", channel.name),
            )
        }
    };
    let running = runtime.host.get(channel.id);
    let running = running.ok_or_else(|| format!("channel {} does not run", channel.name))?;
    if running.description.has_sessions {
        return Err(format!(
            "channel {} only answers: it cannot begin a session",
            channel.name
        ));
    }
    Ok(Way {
        to: address_on(&running, channel, to),
        from: channel
            .record
            .address
            .as_deref()
            .map(|own| address_on(&running, channel, own)),
        running,
        reason,
    })
}

/// Whether messages of a service to that endpoint have a channel to go out by.
pub(crate) fn has_way(runtime: &Runtime, service: &ServiceEntry, endpoint: &str) -> bool {
    let catalog = runtime.catalog();
    let is_named = catalog.channel_named(&service.key.account, endpoint).is_some();
    is_named || first_routed(runtime, &catalog, service).is_some()
}

fn first_routed<'a>(runtime: &Runtime, catalog: &'a Catalog, service: &ServiceEntry) -> Option<&'a ChannelEntry> {
    let account = catalog.directory.accounts.get(&service.key.account)?;
    account
        .routes
        .iter()
        .filter(|route| route.service == service.key.service)
        .filter_map(|route| catalog.channel_named(&service.key.account, &route.channel))
        .find(|channel| {
            let running = runtime.host.get(channel.id);
            running.is_some_and(|running| !running.description.has_sessions)
        })
}

/// An address as the channel writes it.
pub(crate) fn address_on(running: &Running, channel: &ChannelEntry, text: &str) -> Address {
    if running.description.schemes.contains(&"tel") {
        return Address::tel(text.strip_prefix("tel:").unwrap_or(text), channel.country);
    }
    Address::parse(text)
}
