//! I1 and I5: what was spooled is in the store, in the order in which it was answered.

use crate::simulation::world::World;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

pub(super) fn check(world: &World) {
    let arrived = world.disk.rows("SELECT message FROM arrived ORDER BY rowid");
    let places = arrived.iter().enumerate().map(|(place, row)| (row[0].as_str(), place));
    let places: HashMap<&str, usize> = places.collect();
    for spool in &world.spools {
        for refused in spool.rows("SELECT body, reason FROM refused") {
            world.break_rule(format!("I1: the spool keeps what nobody takes: {refused:?}"));
        }
        for ids in inbound_by_channel(&spool.rows("SELECT channel, body FROM kept ORDER BY number")).values() {
            // What came again meanwhile under another id is not stored under this one.
            let order: Vec<usize> = ids.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
            if !order.is_sorted() {
                world.break_rule(format!("I5: {ids:?} left the spool in another order: {order:?}"));
            }
        }
    }
}

/// The messages of each channel that went into the spool without a look at the store: what was handed to the store first
/// may have been stored at any time since.
fn inbound_by_channel(kept: &[Vec<String>]) -> BTreeMap<String, Vec<String>> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in kept {
        let body: Value = serde_json::from_str(&row[1]).unwrap_or_default();
        let inbound = &body["inbound"];
        if let (Some(id), true) = (inbound["id"].as_str(), inbound["lease"].is_null()) {
            ids.entry(row[0].clone()).or_default().push(id.to_owned());
        }
    }
    ids
}
