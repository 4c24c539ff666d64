//! A session without its link: octets in, octets and events out, by a clock its owner tells (SMPP 3.4 §2).
//!
//! The owner pushes what the link brings ([`Session::received`]), takes what it is to carry ([`Session::outgoing`],
//! [`Session::written`]) and wakes it at [`Session::next_deadline`]. Moments are durations since any fixed point.

mod answer_clock;
mod config;
mod event;
mod outbox;
mod permission;
mod reading;
mod sequence;
#[cfg(test)]
mod tests;
mod window;

pub use config::{Config, Grant, Role, Windows};
pub use event::{EndReason, Ended, Event, RequestError};
pub use window::Ticket;

use crate::CommandStatus;
use crate::pdu::{Bind, BindMode, BindResponse, Command, MessageResponse, Operation, Outbind, Pdu, ShortMessage};
use crate::wire::{EncodeError, Framer};
use answer_clock::AnswerClock;
use outbox::Outbox;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use window::{Pending, Window};

/// How much may wait that the other side does not read, before nothing more of theirs is read: octets.
const MOST_UNREAD: usize = 64 * 1024;
/// The longest PDU that is read of somebody who is not bound yet: a bind has at most 119 octets (§4.1).
const LONGEST_UNBOUND: usize = 256;
/// How long the last words may take: our unbind and its answer, or the answer to theirs.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where a session is (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is a link and nothing more.
    Open,
    /// A bind is not answered yet.
    Binding(BindMode),
    /// Messages go.
    Bound(BindMode),
    /// No new messages go; answers are still waited for.
    Draining(BindMode),
    /// The unbind is not answered yet.
    Unbinding,
    /// It ends as soon as what is to be said is said.
    Closing(EndReason),
    /// It is over.
    Ended,
}

/// One side of a session.
#[derive(Debug)]
pub struct Session {
    role: Role,
    config: Config,
    state: State,
    framer: Framer,
    outbox: Outbox,
    window: Window,
    /// What the other side asked and was not answered yet.
    owed: BTreeMap<u32, Operation>,
    /// The number of their unbind, while it waits for what is owed.
    unbind: Option<u32>,
    /// The number of their bind, while it is looked at.
    bind: Option<(u32, BindMode)>,
    events: VecDeque<Event>,
    /// When something came last, and when a message went last, either way.
    heard_at: Duration,
    moved_at: Duration,
    /// When the state ends by itself.
    until: Option<Duration>,
    /// It stands while nothing is read for too much of theirs is owed: an answer may lie there unread.
    answer_clock: AnswerClock,
    /// How much was refused before the bind.
    refused: u32,
}

impl Session {
    /// A session on a link that was made at this moment.
    pub fn new(role: Role, config: Config, now: Duration) -> Self {
        let longest_pdu = match role {
            Role::Esme => config.longest_pdu,
            Role::Smsc => config.longest_pdu.min(LONGEST_UNBOUND),
        };
        Self {
            role,
            state: State::Open,
            framer: Framer::new(longest_pdu),
            outbox: Outbox::default(),
            window: Window::default(),
            owed: BTreeMap::new(),
            unbind: None,
            bind: None,
            events: VecDeque::new(),
            heard_at: now,
            moved_at: now,
            until: Some(now + config.bind_timeout),
            answer_clock: AnswerClock::default(),
            refused: 0,
            config,
        }
    }

    /// Asks to be bound; [`Event::Bound`] or [`Event::Ended`] follows.
    pub fn bind(&mut self, bind: &Bind, now: Duration) -> Result<(), RequestError> {
        if self.role != Role::Esme || self.state != State::Open {
            return Err(RequestError::NotBound);
        }
        self.request(Pdu::Bind(bind.clone()), Pending::Bind, now)?;
        self.state = State::Binding(bind.mode);
        self.until = Some(now + self.config.bind_timeout);
        Ok(())
    }

    /// Asks the other side to bind (§2.2.1).
    pub fn outbind(&mut self, outbind: &Outbind) -> Result<(), RequestError> {
        if self.role != Role::Smsc || self.state != State::Open {
            return Err(RequestError::NotBound);
        }
        let sequence = self.window.next_number();
        Ok(self.say(CommandStatus::OK, sequence, Pdu::Outbind(outbind.clone()))?)
    }

    /// Grants the bind that [`Event::BindRequested`] told of; gives what was answered, unless there is none.
    pub fn accept_bind(
        &mut self,
        grant: &Grant,
        interface_version: u8,
        now: Duration,
    ) -> Result<Option<BindResponse>, EncodeError> {
        let Some((sequence, mode)) = self.bind else {
            return Ok(None);
        };
        let bound = BindResponse {
            mode,
            system_id: grant.system_id.clone(),
            interface_version: Some(interface_version),
        };
        self.say(CommandStatus::OK, sequence, Pdu::BindResponse(bound.clone()))?;
        let Windows { ours, theirs } = grant.windows.unwrap_or(self.config.windows());
        (self.config.window, self.config.inbound_window) = (ours, theirs);
        self.bind = None;
        self.framer.limit_to(self.config.longest_pdu);
        self.state = State::Bound(mode);
        (self.until, self.moved_at) = (None, now);
        Ok(Some(bound))
    }

    /// Refuses that bind; the session ends.
    pub fn refuse_bind(&mut self, status: CommandStatus) {
        let Some((sequence, mode)) = self.bind.take() else {
            return;
        };
        self.answer_bind(sequence, mode, status);
        self.close(EndReason::BindRefused(status));
    }

    /// How many messages of ours may be without an answer.
    pub fn window(&self) -> usize {
        self.config.window
    }

    /// How many more messages may go now.
    pub fn room(&self) -> usize {
        match self.may_send() {
            true => self.config.window.saturating_sub(self.window.messages()),
            false => 0,
        }
    }

    /// Sends a message. Of its ticket [`Event::Sent`] is told, and then what became of it; what is neither told before
    /// [`Event::Ended`] is told there.
    pub fn send(&mut self, operation: Operation, message: ShortMessage, now: Duration) -> Result<Ticket, RequestError> {
        if !self.may_send() {
            return Err(RequestError::NotBound);
        }
        if self.room() == 0 {
            return Err(RequestError::WindowFull);
        }
        let ticket = self.window.next_ticket();
        self.request(
            Pdu::Message(operation, Box::new(message)),
            Pending::Message(ticket),
            now,
        )?;
        self.moved_at = now;
        Ok(ticket)
    }

    /// Answers a message that [`Event::Received`] told of; once. Another may be read then.
    pub fn answer(
        &mut self,
        sequence: u32,
        status: CommandStatus,
        response: MessageResponse,
        now: Duration,
    ) -> Result<(), EncodeError> {
        let Some(operation) = self.owed.get(&sequence).copied() else {
            return Ok(());
        };
        self.say(status, sequence, Pdu::MessageResponse(operation, response))?;
        self.owed.remove(&sequence);
        self.answer_unbind();
        self.unbind_when_drained(now);
        self.read(now);
        self.note_hold_up(now);
        Ok(())
    }

    /// Ends the session in order: no new messages go, answers are waited for, and then it is unbound.
    pub fn unbind(&mut self, now: Duration) {
        match self.state {
            State::Bound(mode) => {
                self.state = State::Draining(mode);
                // They may have asked for the same before.
                self.until.get_or_insert(now + self.config.drain_timeout);
                self.unbind_when_drained(now);
            }
            State::Open | State::Binding(_) => self.close(EndReason::Unbound),
            State::Draining(_) | State::Unbinding | State::Closing(_) | State::Ended => {}
        }
    }

    /// Takes what the link brought.
    pub fn received(&mut self, octets: &[u8], now: Duration) {
        self.heard_at = now;
        self.answer_clock.go_on(now);
        self.framer.push(octets);
        self.read(now);
        self.note_hold_up(now);
    }

    /// The link is gone.
    pub fn link_lost(&mut self) {
        let reason = match self.state {
            State::Closing(reason) => reason,
            _ => EndReason::LinkLost,
        };
        self.end(reason);
    }

    /// Whether more may be read from the link: not while the other side's messages wait for too many answers.
    pub fn may_read(&self) -> bool {
        !self.owes_too_much()
            && self.outbox.octets().len() < MOST_UNREAD
            && !matches!(self.state, State::Closing(_) | State::Ended)
    }

    /// What the link is to carry next.
    pub fn outgoing(&self) -> &[u8] {
        self.outbox.octets()
    }

    /// The link took so many octets.
    pub fn written(&mut self, count: usize, now: Duration) {
        for sequence in self.outbox.written(count) {
            let due = self.answer_clock.shows(now) + self.config.response_timeout;
            let sent = self.window.sent(sequence, due);
            self.events.extend(sent.map(Event::Sent));
        }
        if let State::Closing(reason) = self.state
            && self.outbox.octets().is_empty()
        {
            self.end(reason);
        }
        // There may be room for answers again.
        self.read(now);
        self.note_hold_up(now);
    }

    /// What happened, in its order.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether it is over; what happened may still be polled.
    pub fn is_over(&self) -> bool {
        self.state == State::Ended
    }

    /// When [`Session::tick`] is next needed; never once it is over.
    pub fn next_deadline(&self) -> Option<Duration> {
        if self.state == State::Ended {
            return None;
        }
        let asks = matches!(self.state, State::Bound(_) | State::Draining(_))
            && !self.window.has_enquiry()
            && !self.answer_clock.is_held();
        let enquiry = asks.then(|| self.heard_at + self.config.enquire_after);
        let idle = match self.state {
            State::Bound(_) => self.config.inactivity_timeout.map(|timeout| self.moved_at + timeout),
            _ => None,
        };
        let answer = self
            .window
            .next_due_answer()
            .and_then(|due| self.answer_clock.moment(due));
        [self.window.next_due_to_leave(), answer, self.until, enquiry, idle]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due at this moment.
    pub fn tick(&mut self, now: Duration) {
        if self.state == State::Ended {
            return;
        }
        if self.window.is_stalled(now) {
            return self.end(EndReason::Stalled);
        }
        let all_read = self.answer_clock.all_read(now);
        let due = all_read.map(|shown| self.window.take_due(shown)).unwrap_or_default();
        let mut over = None;
        for pending in due {
            match pending {
                Pending::Message(ticket) => self.events.push_back(Event::TimedOut(ticket)),
                // Whoever says something is there.
                Pending::Enquiry if self.answer_clock.is_held() => {}
                Pending::Enquiry if self.heard_at + self.config.response_timeout > now => {}
                Pending::Enquiry => over = Some(EndReason::NoEcho),
                Pending::Bind => over = Some(EndReason::BindTimeout),
                Pending::Unbind => over = Some(EndReason::Unbound),
            }
        }
        if let Some(reason) = over {
            return self.end(reason);
        }
        if self.until.is_some_and(|until| until <= now) {
            match self.state {
                State::Open | State::Binding(_) => return self.end(EndReason::BindTimeout),
                State::Bound(_) | State::Draining(_) if self.unbind.is_some() => {
                    self.owed.clear();
                    self.until = Some(now + self.last_words());
                    self.say_unbound();
                }
                State::Draining(_) => self.say_unbind(now),
                State::Unbinding => return self.end(EndReason::Unbound),
                State::Closing(reason) => return self.end(reason),
                State::Bound(_) | State::Ended => {}
            }
        }
        self.unbind_when_drained(now);
        let (State::Bound(_) | State::Draining(_)) = self.state else {
            return;
        };
        if self
            .config
            .inactivity_timeout
            .is_some_and(|timeout| self.moved_at + timeout <= now)
        {
            return self.unbind(now);
        }
        if self.heard_at + self.config.enquire_after <= now
            && !self.window.has_enquiry()
            && !self.answer_clock.is_held()
        {
            let _ = self.request(Pdu::EnquireLink, Pending::Enquiry, now);
        }
    }
}

impl Session {
    fn owes_too_much(&self) -> bool {
        self.owed.len() >= self.config.inbound_window.max(1)
    }

    /// Their answers have as much time as they had before we stopped reading.
    fn note_hold_up(&mut self, now: Duration) {
        if self.owes_too_much() {
            self.answer_clock.hold(now);
        } else if self.answer_clock.is_held() {
            self.answer_clock.go_on(now);
            self.heard_at = self.heard_at.max(now);
        }
    }

    fn last_words(&self) -> Duration {
        self.config.drain_timeout.min(LAST_WORDS)
    }

    fn may_send(&self) -> bool {
        matches!(self.state, State::Bound(_)) && self.unbind.is_none()
    }

    /// Writes a request of ours and waits for its answer.
    fn request(&mut self, pdu: Pdu, pending: Pending, now: Duration) -> Result<(), EncodeError> {
        let sequence = self.window.next_number();
        self.say(CommandStatus::OK, sequence, pdu)?;
        self.outbox.mark(sequence);
        self.window.add(sequence, pending, now + self.config.response_timeout);
        Ok(())
    }

    fn say(&mut self, status: CommandStatus, sequence: u32, pdu: Pdu) -> Result<(), EncodeError> {
        self.outbox.push(&Command { status, sequence, pdu })
    }

    /// The same for what always fits.
    fn say_plainly(&mut self, status: CommandStatus, sequence: u32, pdu: Pdu) {
        let said = self.say(status, sequence, pdu);
        debug_assert_eq!(said, Ok(()), "it has no field that could be too long");
    }

    fn answer_bind(&mut self, sequence: u32, mode: BindMode, status: CommandStatus) {
        let response = BindResponse {
            mode,
            system_id: String::new(),
            interface_version: None,
        };
        self.say_plainly(status, sequence, Pdu::BindResponse(response));
    }

    /// Answers their unbind as soon as nothing is owed, either way.
    fn answer_unbind(&mut self) {
        if self.owed.is_empty() && self.window.messages() == 0 {
            self.say_unbound();
        }
    }

    fn say_unbound(&mut self) {
        if let Some(sequence) = self.unbind.take() {
            self.say_plainly(CommandStatus::OK, sequence, Pdu::UnbindResponse);
            self.close(EndReason::UnboundByPeer);
        }
    }

    fn unbind_when_drained(&mut self, now: Duration) {
        if matches!(self.state, State::Draining(_)) && self.window.messages() == 0 && self.owed.is_empty() {
            self.say_unbind(now);
        }
    }

    fn say_unbind(&mut self, now: Duration) {
        self.state = State::Unbinding;
        // Its answer may lie unread behind what is not answered here: nobody waits for that.
        self.until = Some(now + self.last_words());
        if self.request(Pdu::Unbind, Pending::Unbind, now).is_err() {
            self.end(EndReason::Unbound);
        }
    }

    /// Ends it once what is to be said has left.
    fn close(&mut self, reason: EndReason) {
        if matches!(self.state, State::Closing(_) | State::Ended) {
            return;
        }
        self.bind = None;
        match self.outbox.octets().is_empty() {
            true => self.end(reason),
            false => {
                self.state = State::Closing(reason);
                self.until
                    .get_or_insert(self.moved_at.max(self.heard_at) + self.config.drain_timeout);
            }
        }
    }

    fn end(&mut self, reason: EndReason) {
        if self.state == State::Ended {
            return;
        }
        self.state = State::Ended;
        self.bind = None;
        // What is told as not sent must not leave after all.
        self.outbox = Outbox::default();
        let (not_sent, unanswered) = self.window.take_all();
        self.events.push_back(Event::Ended(Ended {
            reason,
            not_sent,
            unanswered,
        }));
    }
}
