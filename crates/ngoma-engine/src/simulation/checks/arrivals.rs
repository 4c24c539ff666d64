//! I1 and I2: what was said to be durable is there once, and what came of it is whole.

use super::Stored;
use crate::record::Status;
use crate::simulation::service::ORDERS;
use crate::simulation::world::{ACCOUNTS, World};
use ngoma_message::MessageId;
use std::collections::HashSet;

pub(super) fn check(world: &World, stored: &[Stored]) {
    let mut broken = Vec::new();
    check_inbound(world, stored, &mut broken);
    check_requests(world, stored, &mut broken);
    for message in stored.iter().filter(|message| message.is_inbound) {
        check_effects(world, stored, message, &mut broken);
    }
    for account in ACCOUNTS {
        check_turns(world, stored, account, &mut broken);
    }
    for rule in broken {
        world.break_rule(rule);
    }
}

fn check_inbound(world: &World, stored: &[Stored], broken: &mut Vec<String>) {
    let mut known = HashSet::new();
    let ledger = world.ledger();
    for ((account, key), arrival) in &ledger.inbound {
        known.extend(arrival.ids.iter());
        let is_of_it = |message: &&Stored| message.is_inbound && arrival.ids.contains(&message.id);
        let rows: Vec<&MessageId> = stored.iter().filter(is_of_it).map(|message| &message.id).collect();
        let is_right = match &arrival.acked {
            // One that came again may have been answered by a spool, under another id than the first.
            Some(_) if world.shape.has_spool => rows.len() == 1,
            Some(acked) => rows == [acked],
            None => rows.len() <= 1,
        };
        if !is_right {
            let acked = arrival.acked.as_ref().map(|id| world.name(id));
            let rows: Vec<String> = rows.iter().map(|id| world.name(id)).collect();
            broken.push(format!(
                "I1: {account}/{key} {:?} was acked as {acked:?} and is stored as {rows:?}",
                arrival.text
            ));
        }
    }
    for message in stored.iter().filter(|message| message.is_inbound) {
        if !known.contains(&message.id) {
            broken.push(format!("I2: {} came from nobody", world.name(&message.id)));
        }
    }
}

fn check_requests(world: &World, stored: &[Stored], broken: &mut Vec<String>) {
    let ledger = world.ledger();
    let held: HashSet<&MessageId> = stored.iter().map(|message| &message.id).collect();
    for ((account, key), request) in &ledger.requests {
        let there: Vec<&Vec<MessageId>> = request
            .tries
            .iter()
            .filter(|ids| ids.iter().any(|id| held.contains(id)))
            .collect();
        let is_whole = there.iter().all(|ids| ids.iter().all(|id| held.contains(id)));
        let is_right = match &request.accepted {
            Some(accepted) => there == [accepted],
            None => there.len() <= 1,
        };
        if !is_whole || !is_right {
            broken.push(format!(
                "I1: {account}'s request {key} was accepted {:?} and {} of its tries are stored, whole: {is_whole}",
                request.accepted.is_some(),
                there.len()
            ));
        }
    }
}

/// A step's replies and messages are there together or not at all.
fn check_effects(world: &World, stored: &[Stored], message: &Stored, broken: &mut Vec<String>) {
    let came_of_it = |is_reply: bool| {
        let came = stored.iter().filter(|other| other.root.as_ref() == Some(&message.id));
        came.filter(|other| other.is_reply == is_reply && !other.is_fallback())
            .count()
    };
    let order = message.content.split(' ').next().unwrap_or_default();
    let expected = match message.status {
        Status::Handled => ORDERS.iter().find(|(name, ..)| *name == order),
        _ => None,
    };
    let expected = expected.map_or((0, 0), |(_, replies, sends)| (*replies, *sends));
    let found = (came_of_it(true), came_of_it(false));
    if found != expected {
        broken.push(format!(
            "I1: {} {:?} is {} with {found:?} answers and messages, not {expected:?}",
            world.name(&message.id),
            message.content,
            message.status
        ));
    }
}

/// Every handled message was counted once by its service.
fn check_turns(world: &World, stored: &[Stored], account: &str, broken: &mut Vec<String>) {
    let counted = world.disk.rows(&format!(
        "SELECT k.value FROM kv AS k JOIN account AS a ON a.id = k.account WHERE a.code = '{account}' AND k.key = 'turns'"
    ));
    let counted = counted.first().map_or("0", |row| row[0].as_str());
    let is_handled = |message: &&Stored| message.account == account && message.status == Status::Handled;
    let handled = stored.iter().filter(is_handled).count();
    if counted != handled.to_string() {
        broken.push(format!(
            "I1: {account}'s service counts {counted} turns, and {handled} messages are handled"
        ));
    }
}
