//! Carriers and gateways: they take messages, refuse them, lose answers, and report when it suits them.

mod receipts;

use super::ledger::Fate;
use super::process::Process;
use super::world::World;
use crate::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Description, Door, Outbound, PartHeader, SendError,
    SendErrorKind, Sent, Transport,
};
use crate::store::model::Surroundings;
use async_trait::async_trait;
use ngoma_message::MessageId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// What a phone that waits is given.
#[derive(Debug)]
pub(super) enum Screen {
    /// The service's answer.
    Answer,
    /// Nothing will come.
    GivenUp,
}

/// One open channel of one process.
pub(super) struct Line {
    /// `alpha/sms`.
    pub(super) name: String,
    pub(super) account: String,
    pub(super) door: Arc<dyn Door>,
    process: Arc<Process>,
    waiting: Mutex<BTreeMap<MessageId, oneshot::Sender<Screen>>>,
}

impl Line {
    /// Lets a phone wait for the answer to this message.
    pub(super) fn wait_for_answer(&self, to: &MessageId) -> oneshot::Receiver<Screen> {
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(to.clone(), answer);
        answered
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeMap<MessageId, oneshot::Sender<Screen>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, to: Option<&MessageId>, screen: Screen) -> bool {
        let phone = to.and_then(|to| self.waiting().remove(to));
        phone.is_some_and(|phone| phone.send(screen).is_ok())
    }
}

/// The channel type `ussd` or `sms` of one process.
pub(super) struct SimulatedType {
    pub(super) code: &'static str,
    pub(super) process: Arc<Process>,
}

impl ChannelType for SimulatedType {
    fn code(&self) -> &'static str {
        self.code
    }

    fn describe(&self) -> Description {
        Description {
            label: "Simulated",
            help: "Nowhere.",
            transport_type: self.code,
            schemes: &["tel"],
            has_sessions: self.code == "ussd",
            fields: vec![],
        }
    }

    fn open(&self, _config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        let line = Arc::new(Line {
            name: format!("{}/{}", ctx.account, ctx.channel),
            account: ctx.account,
            door: ctx.door,
            process: Arc::clone(&self.process),
            waiting: Mutex::default(),
        });
        self.process.open_line(Arc::clone(&line));
        Ok(match self.code {
            "ussd" => Box::new(Gateway(line)),
            _ => Box::new(Carrier(line)),
        })
    }
}

/// A gateway of sessions: an answer goes to the phone that waits, or nowhere.
struct Gateway(Arc<Line>);

#[async_trait]
impl Transport for Gateway {
    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let Self(line) = self;
        line.process.pass("a screen").await;
        line.process.world.check_leaving(&line.account, message);
        if !line.show(message.in_reply_to.as_ref(), Screen::Answer) {
            return Err(SendError::new(SendErrorKind::TooLate, "nobody waits"));
        }
        let world = &line.process.world;
        world.note(&format!("{} shows {}", line.name, world.name(&message.id)));
        let key = (message.id.clone(), 0);
        world.ledger().outbound.entry(key).or_default().taken += 1;
        line.process.pass("a screen's answer").await;
        Ok(Sent::default())
    }

    async fn give_up(&self, message: &MessageId, _reason: &str) {
        self.0.process.pass("giving up").await;
        self.0.show(Some(message), Screen::GivenUp);
    }
}

/// A carrier of texts.
struct Carrier(Arc<Line>);

/// How a carrier treats one submission.
enum Treatment {
    /// No connection: nothing is sent.
    Unreachable,
    /// It says so, and has not taken it.
    Refused(SendErrorKind),
    /// It takes it, and its answer comes.
    Taken,
    /// It takes it, and its answer is lost.
    TakenInSilence,
    /// It never sees it, and no answer comes.
    Lost,
}

/// How many characters of a client's text go in one part.
const PART_CHARS: usize = 9;

#[async_trait]
impl Transport for Carrier {
    /// One request of each client may go in parts, all else goes whole.
    fn parts(&self, message: &Outbound) -> Vec<String> {
        let sends_parts = self.0.process.world.shape.sends_parts;
        if !sends_parts || !message.content.contains("request-1") {
            return Vec::new();
        }
        let characters: Vec<char> = message.content.chars().collect();
        characters
            .chunks(PART_CHARS)
            .map(|part| part.iter().collect())
            .collect()
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let Self(line) = self;
        line.process.pass("a submission").await;
        let world = &line.process.world;
        world.check_leaving(&line.account, message);
        let part = message.part.map(|part| format!(".{}", part.number()));
        let name = format!("{}{}", world.name(&message.id), part.unwrap_or_default());
        let treatment = treat(line);
        let ambiguous = || SendError::new(SendErrorKind::Ambiguous, "no answer came");
        match treatment {
            Treatment::Unreachable => Err(SendError::new(SendErrorKind::Temporary, "no connection")),
            Treatment::Refused(kind) => {
                world.note(&format!("{} refuses {name}: {kind:?}", line.name));
                line.process.pass("a refusal").await;
                Err(SendError::new(kind, "refused"))
            }
            Treatment::Lost => {
                line.process.pass("silence").await;
                Err(ambiguous())
            }
            Treatment::Taken => {
                let sent = take(line, message, &name);
                line.process.pass("a submission's answer").await;
                Ok(sent)
            }
            Treatment::TakenInSilence => {
                take(line, message, &name);
                tokio::time::sleep(Duration::from_secs(5)).await;
                line.process.pass("silence").await;
                Err(ambiguous())
            }
        }
    }
}

fn treat(line: &Line) -> Treatment {
    let world = &line.process.world;
    if world.is_calm() || !line.process.random.happens(world.shape.carrier_trouble) {
        return Treatment::Taken;
    }
    match line.process.random.between(0, 9) {
        0 => Treatment::Unreachable,
        1 | 2 => Treatment::Refused(SendErrorKind::Temporary),
        3 => Treatment::Refused(SendErrorKind::Throttled),
        4 => Treatment::Refused(SendErrorKind::Permanent),
        5 => Treatment::Refused(SendErrorKind::Misconfigured),
        6 => Treatment::Lost,
        _ => Treatment::TakenInSilence,
    }
}

/// The carrier has it now. Its ids are numbers that other carriers use too.
fn take(line: &Line, message: &Outbound, name: &str) -> Sent {
    let world = &line.process.world;
    let number = world.next_carrier_id(&line.account);
    world.note(&format!("{} takes {name} as {number}", line.name));
    let fate = match line.process.random.between(0, 9) {
        0 => None,
        1 => Some(Fate::Failed),
        _ => Some(Fate::Delivered),
    };
    let part = message.part.map_or(0, PartHeader::number);
    let fate = {
        let mut ledger = world.ledger();
        let departure = ledger.outbound.entry((message.id.clone(), part)).or_default();
        if departure.taken > 0 && departure.header != message.part {
            let broken = format!("I4: {name} comes again with another header: {:?}", message.part);
            ledger.broken.push(broken);
            return Sent::default();
        }
        departure.header = message.part;
        departure.taken += 1;
        // What became of a person's text is one thing, however often it was sent.
        if departure.taken == 1 {
            departure.fate = fate;
        }
        departure.fate
    };
    let gives_id = line.process.random.happens(85);
    receipts::report(world, line, message, gives_id.then_some(number), fate);
    Sent {
        provider_id: gives_id.then(|| number.to_string()),
    }
}

impl World {
    /// The next id of an account's carrier.
    fn next_carrier_id(&self, account: &str) -> u64 {
        let mut numbers = self.carrier_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbers.entry(account.to_owned()).or_default();
        *number += 1;
        *number
    }
}
