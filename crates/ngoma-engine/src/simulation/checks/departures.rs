//! I4 and I7: nothing is sent twice unless it says so, what is said of a message is true, and it stays with its account.

use super::Stored;
use crate::record::Status;
use crate::simulation::ledger::{Departure, Fate};
use crate::simulation::world::World;

pub(super) fn check(world: &World, stored: &[Stored]) {
    let mut broken = Vec::new();
    {
        let ledger = world.ledger();
        for message in stored
            .iter()
            .filter(|message| !message.is_inbound && !message.is_fallback())
        {
            let of_it = (message.id.clone(), 0)..=(message.id.clone(), u8::MAX);
            let departures: Vec<Departure> = ledger.outbound.range(of_it).map(|(_, left)| left.clone()).collect();
            let rule = match departures.as_slice() {
                [] => broken_by(message, &Departure::default()),
                [whole] if whole.header.is_none() => broken_by(message, whole),
                parts => broken_by_parts(world, message, parts),
            };
            if let Some(rule) = rule {
                let told = format!("{} is {}: {departures:?}", world.name(&message.id), message.status);
                broken.push(format!("{rule}; {told}"));
            }
        }
    }
    for rule in broken {
        world.break_rule(rule);
    }
}

/// I4 counts parts: each is taken once, and a message is no more than its parts.
fn broken_by_parts(world: &World, message: &Stored, parts: &[Departure]) -> Option<&'static str> {
    if parts.iter().any(|part| part.taken > 1) && !message.possible_duplicate {
        return Some("I4: the carrier took a part more than once, and the message does not say so");
    }
    let total = parts
        .iter()
        .find_map(|part| part.header)
        .map_or(0, |header| header.total());
    let is_whole = parts.len() == usize::from(total);
    if matches!(message.status, Status::Sent | Status::Delivered) && !is_whole {
        return Some("I4: it says that it went out, and parts of it did not");
    }
    let has_failed = parts.iter().any(|part| part.fate == Some(Fate::Failed));
    if message.status == Status::Failed && is_whole && !has_failed {
        return Some("I4: it says that it failed, and the carrier took all its parts");
    }
    let told = parts
        .iter()
        .filter(|part| part.told_by_carrier_id && is_known(world, message, part));
    let fates: Vec<Option<Fate>> = told.map(|part| part.fate).collect();
    let expected = match () {
        () if fates.contains(&Some(Fate::Failed)) => Status::Failed,
        () if fates.len() == usize::from(total) => Status::Delivered,
        () => message.status,
    };
    (message.status != expected).then_some("I1: receipts of its parts were taken, and the message does not show it")
}

/// Whether the carrier's id of a part is in the store.
fn is_known(world: &World, message: &Stored, part: &Departure) -> bool {
    let number = part.header.map_or(0, |header| header.number());
    let sql = format!(
        "SELECT count(*) FROM part WHERE message = x'{}' AND number = {number} AND provider_id IS NOT NULL",
        message.id
    );
    world.disk.number(&sql) == 1
}

fn broken_by(message: &Stored, departure: &Departure) -> Option<&'static str> {
    let was_taken = departure.taken > 0;
    if departure.taken > 1 && !message.possible_duplicate {
        return Some("I4: the carrier took it more than once, and it does not say so");
    }
    if matches!(message.status, Status::Sent | Status::Delivered) && !was_taken {
        return Some("I4: it says that it went out, and nobody took it");
    }
    if message.channel == "sms" && message.status == Status::Failed && was_taken && departure.fate != Some(Fate::Failed)
    {
        return Some("I4: it says that it failed, and the carrier took it");
    }
    let is_told = departure.told_by_our_id || departure.told_by_carrier_id && message.provider_id.is_some();
    let expected = match departure.fate {
        Some(Fate::Delivered) => Status::Delivered,
        Some(Fate::Failed) => Status::Failed,
        None => message.status,
    };
    if is_told && message.status != expected {
        return Some("I1: a receipt was taken, and the message does not show it");
    }
    if !message.content.starts_with(&message.account) {
        return Some("I7: it says what another account's service said");
    }
    None
}
