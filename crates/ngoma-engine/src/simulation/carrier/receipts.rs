//! Receipts of a carrier: early, late, twice, out of order, by one id or the other; sent again until they are taken.

use super::Line;
use crate::channel::{Outbound, PartHeader, Receipt, ReceiptFor, ReceiveError, Reported};
use crate::simulation::ledger::Fate;
use crate::simulation::random::Random;
use crate::simulation::world::World;
use ngoma_message::{DeliveryStatus, MessageId};
use std::sync::Arc;
use std::time::Duration;

/// How a receipt names its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    OurId,
    CarrierId(u64),
}

/// Plans the receipts of a message or part that was taken. Without an id of the carrier's they name the message by ours;
/// a part has no other name.
pub(super) fn report(world: &Arc<World>, line: &Line, sent: &Outbound, number: Option<u64>, fate: Option<Fate>) {
    let part = sent.part.map_or(0, PartHeader::number);
    let message = &(sent.id.clone(), part);
    let name = format!("{} {part}", world.name(&sent.id));
    let random = Random::of(world.seed, &format!("receipts {} {name}", line.name));
    let by = match number {
        Some(number) if part > 0 || random.happens(80) => By::CarrierId(number),
        None if part > 0 => return,
        _ => By::OurId,
    };
    let mut planned = Vec::new();
    if random.happens(30) {
        planned.push(DeliveryStatus::Pending);
    }
    let last = fate.map(|fate| match fate {
        Fate::Delivered => DeliveryStatus::Delivered,
        Fate::Failed => DeliveryStatus::Failed,
    });
    let times = if random.happens(25) { 2 } else { 1 };
    planned.extend(last.into_iter().cycle().take(times * usize::from(last.is_some())));
    for status in planned {
        // Often before the answer to the submission is on its way.
        let delay = match random.between(0, 3) {
            0 => Duration::from_millis(1),
            1 => random.millis(1, 400),
            _ => random.millis(400, 20_000),
        };
        let reporting = deliver(Arc::clone(world), line.name.clone(), message.clone(), by, status, delay);
        world.set_out(reporting);
    }
    if random.happens(5) {
        let lying = lie(Arc::clone(world), line.account.clone(), sent.id.clone());
        world.set_out(lying);
    }
}

async fn deliver(
    world: Arc<World>,
    line: String,
    message: (MessageId, u8),
    by: By,
    status: DeliveryStatus,
    delay: Duration,
) {
    let name = format!("{} {}", world.name(&message.0), message.1);
    let random = Random::of(world.seed, &format!("receipt {line} {name} {status:?} {delay:?}"));
    tokio::time::sleep(delay).await;
    let receipt = Receipt {
        about: match by {
            By::OurId => ReceiptFor::MessageId(message.0.clone()),
            By::CarrierId(number) => ReceiptFor::ProviderId(number.to_string()),
        },
        status,
        reason: None,
    };
    loop {
        let answer = world.ask_line(&random, &line, |door| {
            let receipt = receipt.clone();
            async move { door.report(receipt).await }
        });
        match answer.await {
            Some(Ok(reported)) => {
                let told = format!("{reported:?}");
                let told = told.split(['(', ' ']).next().unwrap_or_default();
                world.note(&format!("{line} reports {name} {status:?}: {told}"));
                break;
            }
            Some(Err(ReceiveError::UnknownMessage)) => {
                world.break_rule(format!("I1: the receipt {status:?} of {line} for {name} was refused"));
                break;
            }
            Some(Err(ReceiveError::Unavailable(_))) | None => tokio::time::sleep(random.millis(500, 5_000)).await,
        }
    }
    if status == DeliveryStatus::Pending {
        return;
    }
    let mut ledger = world.ledger();
    let departure = ledger.outbound.entry(message).or_default();
    match by {
        By::OurId => departure.told_by_our_id = true,
        By::CarrierId(_) => departure.told_by_carrier_id = true,
    }
}

/// Another account's carrier says that it lost a message it never had.
async fn lie(world: Arc<World>, account: String, message: MessageId) {
    let other = World::other_account(&account);
    let random = Random::of(world.seed, &format!("lie {other} {}", world.name(&message)));
    tokio::time::sleep(random.millis(1, 3_000)).await;
    let receipt = Receipt {
        about: ReceiptFor::MessageId(message.clone()),
        status: DeliveryStatus::Failed,
        reason: Some("a lie".into()),
    };
    let line = format!("{other}/sms");
    let answer = world.ask_line(&random, &line, |door| async move { door.report(receipt).await });
    if let Some(Ok(reported)) = answer.await {
        if matches!(reported, Reported::Held) && world.shape.has_spool {
            // It waits in the spool: nobody has looked yet whose message it is.
            return;
        }
        let name = world.name(&message);
        world.break_rule(format!(
            "I7: {other}'s carrier reported {name}, which is {account}'s, and was believed: {reported:?}"
        ));
    }
}
