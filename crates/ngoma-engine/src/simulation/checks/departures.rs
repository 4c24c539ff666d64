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
            let departure = ledger.outbound.get(&message.id).cloned().unwrap_or_default();
            if let Some(rule) = broken_by(message, &departure) {
                let told = format!("{} is {}: {departure:?}", world.name(&message.id), message.status);
                broken.push(format!("{rule}; {told}"));
            }
        }
    }
    for rule in broken {
        world.break_rule(rule);
    }
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
