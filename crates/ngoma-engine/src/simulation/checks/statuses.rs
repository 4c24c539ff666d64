//! I2 and I6: everything came to an end, and no status ever went back.

use super::Stored;
use crate::record::Status;
use crate::simulation::world::World;
use ngoma_message::MessageId;
use std::collections::HashMap;

pub(super) fn check(world: &World, stored: &[Stored]) {
    for message in stored {
        if matches!(message.status, Status::Received | Status::Queued) {
            world.break_rule(format!("I1: {} stays {}", world.name(&message.id), message.status));
        }
    }
    let inbound: HashMap<&MessageId, bool> = stored.iter().map(|message| (&message.id, message.is_inbound)).collect();
    for change in world.disk.rows("SELECT message, before, after FROM status_change") {
        let id = MessageId::from(change[0].as_str());
        let [before, after] = [&change[1], &change[2]].map(|status| Status::from_number(status.parse().unwrap_or(0)));
        let goes_on = match inbound.get(&id) {
            Some(true) => before == Status::Received,
            _ => after.follows(before),
        };
        if !goes_on {
            world.break_rule(format!("I6: {} went from {before} to {after}", world.name(&id)));
        }
    }
}
