//! The carrier's side of one session: it grants binds and answers messages as the behaviour says.

use crate::behaviour::{Behaviour, NextAnswer, When};
use crate::carrier::{BoundHandle, Carrier, Fate, QueuePlace};
use crate::link::{Ending, Link};
use crate::message::{Answered, Message};
use crate::receipts::{self, Receipt};
use async_trait::async_trait;
use ngoma_message::Timestamp;
use ngoma_smpp::pdu::{Bind, Operation, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, Connection, Grant, Handler, Refused, Role};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How much waits between a socket and its session, in octets.
const PIPE: usize = 64 * 1024;
/// How long an answer waits for the ESME to answer an early receipt.
const EARLY_WAIT: Duration = Duration::from_secs(5);

/// The carrier's side of one session.
struct Desk {
    carrier: Arc<Carrier>,
    link: Arc<Link>,
}

/// Serves an ESME by this socket until the link is over; says how it is to be closed.
pub async fn serve<S>(carrier: Arc<Carrier>, socket: &mut S, peer: String) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(link) = carrier.links.add(peer) else {
        return Ending::Cut;
    };
    carrier.count(|counts| counts.links += 1);
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let desk = Desk {
        carrier: Arc::clone(&carrier),
        link: Arc::clone(&link),
    };
    let (connection, mut session) = Connection::new(Role::Smsc, carrier.session.clone(), Arc::new(desk));
    link.begin(session.clone());
    tokio::spawn(connection.run(theirs));
    let note_bind = async {
        if session.bound().await.is_ok() {
            carrier.links.note_bind();
            carrier.bound.push(0, |_| BoundHandle(session.clone()));
        }
        std::future::pending().await
    };
    let ending = tokio::select! {
        ending = link.pass(socket, ours, carrier.ledger.as_ref()) => ending,
        ending = note_bind => ending,
    };
    carrier.links.remove(link.number);
    ending
}

#[async_trait]
impl Handler for Desk {
    async fn take(&self, operation: Operation, message: ShortMessage) -> Answer {
        let message = Arc::new(message);
        let number = self.note(operation, &message);
        let answering = self.answer(number, &message);
        match self.link.session().cloned() {
            Some(mut session) => tokio::select! {
                answer = answering => answer,
                // Nobody is there any more who could be answered.
                _ = session.over() => Answer::refused(CommandStatus::SYSTEM_ERROR),
            },
            None => answering.await,
        }
    }

    async fn bind(&self, bind: &Bind) -> Result<Grant, CommandStatus> {
        self.carrier.asked.push(0, |_| bind.clone());
        if let Some(status) = refusal(bind, &self.carrier.behaviour()) {
            self.carrier.count(|counts| counts.binds_refused += 1);
            return Err(status);
        }
        self.carrier.count(|counts| counts.binds_granted += 1);
        self.link.grant(bind);
        Ok(self.carrier.system_id.as_str().into())
    }

    fn refused(&self, refused: &Refused) {
        let status = refused.status.map(|status| status.to_string());
        tracing::warn!(
            link.number = self.link.number,
            command_id = format!("0x{:08X}", refused.command_id),
            answered = status,
            problem = refused.problem,
            pdu = refused.masked_hex(),
            "an ESME sent what cannot be taken"
        );
    }
}

/// Why a bind is refused.
fn refusal(bind: &Bind, behaviour: &Behaviour) -> Option<CommandStatus> {
    let terms = &behaviour.bind;
    let differs = |wanted: &Option<String>, given: &str| wanted.as_ref().is_some_and(|wanted| wanted != given);
    match terms.refuse {
        Some(status) => Some(status.0),
        None if differs(&terms.system_id, &bind.system_id) => Some(CommandStatus::INVALID_SYSTEM_ID),
        None if differs(&terms.password, &bind.password) => Some(CommandStatus::INVALID_PASSWORD),
        None => None,
    }
}

/// A message that is taken, and what is to become of it.
struct Taken {
    number: u64,
    message: Arc<ShortMessage>,
    id: String,
    at: Timestamp,
    fate: Fate,
    /// Nothing where it does not matter how many wait.
    place: Option<QueuePlace>,
}

impl Desk {
    fn note(&self, operation: Operation, message: &Arc<ShortMessage>) -> u64 {
        self.carrier.count(|counts| counts.messages += 1);
        self.carrier.messages.push(Message::weight(message), |_| Message {
            at: Timestamp::now(),
            link: self.link.number,
            system_id: self.system_id().unwrap_or_default(),
            operation,
            message: Arc::clone(message),
            answer: None,
            receipts: Vec::new(),
        })
    }

    fn system_id(&self) -> Option<String> {
        self.link.bind().map(|bind| bind.system_id.clone())
    }

    async fn answer(&self, number: u64, message: &Arc<ShortMessage>) -> Answer {
        self.carrier.released().await;
        let (next, behaviour) = (self.carrier.next_answer(), self.carrier.behaviour());
        let status = self.status(next.as_ref(), &behaviour);
        if !status.is_ok() {
            self.pause(next.as_ref(), &behaviour).await;
            self.carrier.count(|counts| counts.refused += 1);
            self.note_answer(number, status, String::new(), false);
            return Answer::refused(status);
        }
        let is_lost = match &next {
            Some(next) => next.lose,
            None => self.carrier.loses(&behaviour),
        };
        let taken = self.take_in(number, message, next.as_ref(), &behaviour);
        self.pause(next.as_ref(), &behaviour).await;
        let id = taken.id.clone();
        self.follow_up(taken, &behaviour).await;
        self.note_answer(number, status, id.clone(), is_lost);
        self.carrier.count(|counts| {
            counts.taken += 1;
            counts.lost += u64::from(is_lost);
        });
        match is_lost {
            true => std::future::pending().await,
            false => Answer::taken(id),
        }
    }

    fn status(&self, next: Option<&NextAnswer>, behaviour: &Behaviour) -> CommandStatus {
        match next {
            Some(next) => next.status.0,
            None => self.carrier.refusal(behaviour).unwrap_or(CommandStatus::OK),
        }
    }

    async fn pause(&self, next: Option<&NextAnswer>, behaviour: &Behaviour) {
        let own = next.and_then(|next| next.delay_ms).map(Duration::from_millis);
        let pause = own.unwrap_or_else(|| self.carrier.latency(behaviour));
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    fn take_in(
        &self,
        number: u64,
        message: &Arc<ShortMessage>,
        next: Option<&NextAnswer>,
        behaviour: &Behaviour,
    ) -> Taken {
        let own = next.and_then(|next| next.id.clone());
        let fate = self.carrier.next_fate(behaviour);
        let needs_place = wants_receipt(message, &fate, behaviour) || behaviour.queue_limit.is_some();
        Taken {
            number,
            message: Arc::clone(message),
            id: own.unwrap_or_else(|| self.carrier.next_id(behaviour)),
            at: Timestamp::now(),
            place: needs_place.then(|| self.carrier.queue_place()),
            fate,
        }
    }

    fn note_answer(&self, number: u64, status: CommandStatus, id: String, is_lost: bool) {
        let answered = Answered {
            at: Timestamp::now(),
            status,
            id,
            is_lost,
        };
        self.carrier
            .messages
            .change(number, |message| message.answer = Some(answered));
    }

    /// Sends the receipts that come before the answer, or sees to it that those after it are sent.
    async fn follow_up(&self, taken: Taken, behaviour: &Behaviour) {
        if taken.place.is_none() {
            return;
        }
        let receipts = self.receipts(&taken, behaviour);
        if behaviour.receipts.when == When::Early {
            let sending = send_early(&self.carrier, &self.link, &receipts);
            let _ = tokio::time::timeout(EARLY_WAIT, sending).await;
            return;
        }
        let carrier = Arc::clone(&self.carrier);
        let delay = Duration::from_millis(behaviour.receipts.delay_ms);
        tokio::spawn(async move {
            let delivering = async {
                tokio::time::sleep(delay).await;
                for receipt in &receipts {
                    receipt.send(&carrier).await;
                }
            };
            tokio::select! {
                () = delivering => {}
                () = carrier.ended() => {}
            }
            drop(taken.place);
        });
    }

    /// The receipts of a message, each copy.
    fn receipts(&self, taken: &Taken, behaviour: &Behaviour) -> Vec<Receipt> {
        if !wants_receipt(&taken.message, &taken.fate, behaviour) {
            return Vec::new();
        }
        let receipt = Receipt {
            about: Some(taken.number),
            link: Some(self.link.number),
            system_id: self.system_id(),
            state: taken.fate.state.clone(),
            message: Receipt::write(&taken.message, &taken.id, taken.at, &taken.fate, behaviour),
        };
        vec![receipt; behaviour.receipts.copies.try_into().unwrap_or(1)]
    }
}

fn wants_receipt(message: &ShortMessage, fate: &Fate, behaviour: &Behaviour) -> bool {
    behaviour.receipts.when != When::None && receipts::is_wanted(message.registered_delivery, &fate.state)
}

/// By the link of the message, if receipts may go there; else by another of the same ESME, if there is one now.
async fn send_early(carrier: &Carrier, link: &Link, receipts: &[Receipt]) {
    for receipt in receipts {
        let receiver = crate::links::Receiver {
            link: Some(link.number),
            system_id: receipt.system_id.as_deref(),
        };
        if let Some(session) = carrier.links.to(receiver).as_ref().and_then(|link| link.session()) {
            receipt.send_once(carrier, session).await;
        }
    }
}
