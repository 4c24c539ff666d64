//! People who write texts and dial codes, and the providers that carry this to the door.

use super::carrier::{Line, Screen};
use super::ledger::Arrival;
use super::random::Random;
use super::service::ORDERS;
use super::world::World;
use crate::channel::{Inbound, InboundSession, PartHeader, Received};
use ngoma_message::{Address, MessageId, Object, SessionEvent};
use std::sync::Arc;
use std::time::Duration;

/// How long a phone waits for a screen.
const SCREEN_PATIENCE: Duration = Duration::from_secs(5);

/// A person who sends some texts. The provider hands each in until it is taken, and sometimes again.
pub(super) async fn write_texts(world: Arc<World>, account: &'static str, person: usize) {
    let random = Random::of(world.seed, &format!("texts {account} {person}"));
    for number in 0..random.between(1, 4) {
        tokio::time::sleep(random.millis(0, 30_000)).await;
        let text = format!("{} {number}", random.one_of(&ORDERS).0);
        let writing = Writing {
            world: &world,
            random: &random,
            account,
            person,
            key: (account.to_owned(), format!("p{person}-{number}")),
            text: &text,
        };
        match random.happens(30) {
            true => writing.hand_in_parts(u16::try_from(number).unwrap_or(0)).await,
            false => writing.hand_in_whole().await,
        }
    }
}

/// A text on its way to the door.
struct Writing<'a> {
    world: &'a World,
    random: &'a Random,
    account: &'static str,
    person: usize,
    key: (String, String),
    text: &'a str,
}

impl Writing<'_> {
    async fn hand_in_whole(&self) {
        let whole = Inbound {
            provider_id: Some(self.key.1.clone()),
            ..written(self.person, self.text)
        };
        self.hand_in(&whole).await;
        if self.random.happens(20) {
            tokio::time::sleep(self.random.millis(0, 5_000)).await;
            self.hand_in(&whole).await;
        }
    }

    /// In three parts, in any order; one of them perhaps again.
    async fn hand_in_parts(&self, reference: u16) {
        let (first, rest) = self.text.split_at(1);
        let (second, third) = rest.split_at(1);
        let parts = [(1, first), (2, second), (3, third)].map(|(number, text)| Inbound {
            part: PartHeader::new(reference, 3, number),
            ..written(self.person, text)
        });
        let begin = self.random.between(0, 2) as usize;
        for place in 0..3 {
            self.hand_in(&parts[(begin + place) % 3]).await;
            tokio::time::sleep(self.random.millis(0, 5_000)).await;
        }
        if self.random.happens(30) {
            self.hand_in(self.random.one_of(&parts)).await;
        }
    }

    /// Hands something in until it is taken.
    async fn hand_in(&self, inbound: &Inbound) {
        let Self { world, random, key, .. } = self;
        loop {
            let inbound = Inbound {
                id: MessageId::generate(),
                ..inbound.clone()
            };
            let id = inbound.id.clone();
            let name = world.name(&id);
            note_try(world, key, &id, self.text);
            let line = format!("{}/sms", self.account);
            let answer = world.ask_line(random, &line, |door| async move { door.receive(inbound).await });
            let known = match answer.await {
                Some(Ok(Received::Stored)) => id,
                Some(Ok(Received::Duplicate(known))) => known,
                Some(Ok(Received::Held)) => return world.note(&format!("{line} holds {name}")),
                Some(Err(_)) | None => {
                    tokio::time::sleep(random.millis(500, 8_000)).await;
                    continue;
                }
            };
            world.note(&format!("{line} acks {name} as {}", world.name(&known)));
            return note_ack(world, key, known);
        }
    }
}

fn written(person: usize, text: &str) -> Inbound {
    Inbound {
        id: MessageId::generate(),
        provider_id: None,
        sent_at: None,
        part: None,
        from: Address::new("tel", format!("+{person}")),
        to: Address::new("tel", "100"),
        content: Some(text.to_owned()),
        session: None,
        answer_within: None,
        transport_metadata: Object::new(),
    }
}

fn note_try(world: &World, key: &(String, String), id: &MessageId, text: &str) {
    let mut ledger = world.ledger();
    let arrival: &mut Arrival = ledger.inbound.entry(key.clone()).or_default();
    arrival.text = text.to_owned();
    arrival.ids.push(id.clone());
}

fn note_ack(world: &World, key: &(String, String), known: MessageId) {
    let before = {
        let mut ledger = world.ledger();
        let arrival = ledger.inbound.entry(key.clone()).or_default();
        arrival.acked.replace(known.clone())
    };
    // A spool looks for duplicates when it is drained: until then one is answered under an id of its own.
    if let Some(before) = before
        && before != known
        && !world.shape.has_spool
    {
        world.break_rule(format!(
            "I1: {}/{} was taken as {} and again as {}",
            key.0,
            key.1,
            world.name(&before),
            world.name(&known)
        ));
    }
}

/// A person who dials a code and answers its screens.
pub(super) async fn dial(world: Arc<World>, account: &'static str, person: usize) {
    let random = Random::of(world.seed, &format!("dial {account} {person}"));
    for session in 0..random.between(0, 2) {
        tokio::time::sleep(random.millis(0, 40_000)).await;
        // Gateways use their keys again.
        let session_key = format!("s{person}-{}", session % 2);
        let turns = random.between(1, 3);
        for turn in 0..turns {
            let event = if turn == 0 {
                SessionEvent::New
            } else {
                SessionEvent::Resume
            };
            let end = if turn + 1 == turns { " last" } else { "" };
            let order = random.one_of(&["reply", "reply", "reply", "both", "silent", "fail"]);
            let inbound = Inbound {
                session: Some(InboundSession {
                    key: session_key.clone(),
                    event,
                }),
                answer_within: Some(SCREEN_PATIENCE),
                ..written(person, &format!("{order} {session} {turn}{end}"))
            };
            if !take_turn(&world, &random, account, inbound).await {
                break;
            }
            tokio::time::sleep(random.millis(100, 3_000)).await;
        }
    }
}

/// One turn; says whether the person has seen a screen of the service.
async fn take_turn(world: &World, random: &Random, account: &str, inbound: Inbound) -> bool {
    let (line_name, id) = (format!("{account}/ussd"), inbound.id.clone());
    let Some((process, line)) = world.find_line(random, &line_name) else {
        return false;
    };
    let key = (account.to_owned(), id.to_string());
    note_try(world, &key, &id, inbound.content.as_deref().unwrap_or_default());
    let answered = line.wait_for_answer(&id);
    let door = Arc::clone(&line.door);
    match process.ask(async move { door.receive(inbound).await }).await {
        Some(Ok(Received::Stored | Received::Held)) => note_ack(world, &key, id.clone()),
        Some(Ok(Received::Duplicate(known))) => {
            world.break_rule(format!("I1: {} was taken for {}", world.name(&id), world.name(&known)));
        }
        Some(Err(_)) | None => return false,
    }
    world.note(&format!("{line_name} acks {}", world.name(&id)));
    match tokio::time::timeout(SCREEN_PATIENCE, answered).await {
        Ok(Ok(Screen::Answer)) => true,
        Ok(Ok(Screen::GivenUp)) => fall_back(&process, &line, &id, "no answer comes").await,
        Ok(Err(_)) | Err(_) => fall_back(&process, &line, &id, "the service is late").await,
    }
}

/// The channel gives a text of its own.
async fn fall_back(process: &super::process::Process, line: &Line, id: &MessageId, why: &str) -> bool {
    let recording = async {
        let text = format!("{} is sorry", line.account);
        line.door.record_fallback(id, &text, true, why).await
    };
    let _ = process.ask(recording).await;
    false
}
