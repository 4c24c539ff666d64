//! The invariants, checked against the books of those outside when everything has come to rest.

mod arrivals;
mod departures;
mod spooled;
mod statuses;

use super::world::World;
use crate::record::Status;
use ngoma_message::MessageId;

/// Notes every invariant that does not hold.
pub(super) fn check(world: &World) {
    let stored = Stored::read(world);
    arrivals::check(world, &stored);
    departures::check(world, &stored);
    statuses::check(world, &stored);
    spooled::check(world);
}

/// A message as it is on the disk.
#[derive(Debug)]
struct Stored {
    account: String,
    channel: String,
    id: MessageId,
    is_inbound: bool,
    status: Status,
    content: String,
    provider_id: Option<String>,
    root: Option<MessageId>,
    is_reply: bool,
    possible_duplicate: bool,
}

impl Stored {
    fn read(world: &World) -> Vec<Self> {
        let rows = world.disk.rows(
            "SELECT a.code, c.name, m.id, m.direction, m.status, m.content, m.provider_id, m.root, m.in_reply_to,
                m.possible_duplicate
            FROM message AS m JOIN account AS a ON a.id = m.account LEFT JOIN channel AS c ON c.id = m.channel
            ORDER BY m.id",
        );
        rows.iter().map(|row| Self::from(row.as_slice())).collect()
    }

    /// A text a channel gave by itself.
    fn is_fallback(&self) -> bool {
        self.content.ends_with("is sorry")
    }
}

impl From<&[String]> for Stored {
    fn from(row: &[String]) -> Self {
        let some = |text: &String| (text != "-").then(|| text.clone());
        Self {
            account: row[0].clone(),
            channel: row[1].clone(),
            id: MessageId::from(row[2].as_str()),
            is_inbound: row[3] == "0",
            status: Status::from_number(row[4].parse().unwrap_or(0)),
            content: row[5].clone(),
            provider_id: some(&row[6]),
            root: some(&row[7]).map(MessageId::from),
            is_reply: row[8] != "-",
            possible_duplicate: row[9] == "1",
        }
    }
}
