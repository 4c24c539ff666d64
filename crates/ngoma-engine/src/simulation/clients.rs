//! Clients that hand messages over under a key of their own, again and again until they are told.

use super::random::Random;
use super::world::World;
use crate::clients::hand_in;
use crate::store::{AcceptResult, Acceptance, NewOutbound};
use ngoma_message::{Address, MessageId};
use std::sync::Arc;

/// A client with some requests of an account.
pub(super) async fn hand_over(world: Arc<World>, account: &'static str) {
    let random = Random::of(world.seed, &format!("client {account}"));
    for request in 0..random.between(0, 3) {
        tokio::time::sleep(random.millis(0, 30_000)).await;
        let key = format!("request-{request}");
        let count = random.between(1, 3);
        while !ask(&world, &random, account, &key, count).await {
            tokio::time::sleep(random.millis(500, 8_000)).await;
        }
    }
}

/// One try; says whether it was answered.
async fn ask(world: &Arc<World>, random: &Random, account: &str, key: &str, count: u64) -> bool {
    let Some(process) = world.find_process(random) else {
        return false;
    };
    let Some(engine) = process.engine() else {
        return false;
    };
    let ids: Vec<MessageId> = (0..count).map(|_| MessageId::generate()).collect();
    let noted = (account.to_owned(), key.to_owned());
    let tries = |world: &World| {
        world
            .ledger()
            .requests
            .entry(noted.clone())
            .or_default()
            .tries
            .push(ids.clone())
    };
    tries(world);
    let numbers = world.numbers(account);
    let acceptance = Acceptance {
        account: numbers.account,
        messages: ids.iter().map(|id| text(&numbers, account, key, id)).collect(),
        at: crate::Clock::now(&*world.clock),
        lease: engine.runtime().store.epoch(),
        idempotency: Some((key.to_owned(), b"the same each time".to_vec())),
    };
    let accepted = process.ask(async move { hand_in(engine.runtime(), acceptance, None).await });
    let known = match accepted.await {
        Some(Ok(AcceptResult::Accepted)) => ids.clone(),
        Some(Ok(AcceptResult::Known(known))) => known,
        Some(Ok(AcceptResult::KeyTaken)) => {
            world.break_rule(format!("I1: {account}'s request {key} was taken for another"));
            return true;
        }
        Some(Err(_)) | None => return false,
    };
    let names: Vec<String> = known.iter().map(|id| world.name(id)).collect();
    world.note(&format!("{account}'s request {key} is accepted as {}", names.join(" ")));
    world.ledger().requests.entry(noted).or_default().accepted = Some(known);
    true
}

/// The numbers rows name an account's things by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) account: i64,
    /// Its channel `sms`.
    pub(super) channel: i64,
}

fn text(numbers: &Numbers, account: &str, key: &str, id: &MessageId) -> NewOutbound {
    NewOutbound {
        id: id.clone(),
        to: Address::new("tel", "+777"),
        content: Some(format!("{account} sends {key}")),
        ..NewOutbound::of_a_test(numbers.account, numbers.channel)
    }
}
