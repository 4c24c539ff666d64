//! Whether the workers on the other sides of Vumi buses live.

use super::text::{Kind, Text};
use crate::directory::ChannelEntry;
use crate::engine::Runtime;
use crate::vumi_bus::Peer;
use std::sync::Arc;

/// Whom a worker is watched for, and the worker.
struct Watched {
    account: String,
    /// The channel, or the service.
    name: String,
    peer: Arc<Peer>,
}

/// Each watched worker.
pub(super) fn write_peers(text: &mut Text, runtime: &Runtime, channels: &[&ChannelEntry]) {
    let of_channels = channels.iter().filter_map(|channel| {
        Some(Watched {
            account: channel.account_code.clone(),
            name: channel.name.clone(),
            peer: runtime.host.get(channel.id)?.transport.peer()?,
        })
    });
    let catalog = runtime.catalog();
    let of_services = catalog.services().filter_map(|service| {
        Some(Watched {
            account: service.key.account.clone(),
            name: service.key.service.clone(),
            peer: runtime.bridges.peer(service.id)?,
        })
    });
    let watched: Vec<Watched> = of_channels.chain(of_services).collect();
    let help = "Whether the Vumi worker on the other side was heard within three of its heartbeats.";
    let mut family = text.family(Kind::Gauge, "ngoma_vumi_worker_alive", help);
    for Watched { account, name, peer } in &watched {
        let labels = [
            ("account", account.as_str()),
            ("of", name.as_str()),
            ("worker", peer.name()),
        ];
        family.sample(&labels, u8::from(peer.is_alive()));
    }
}
