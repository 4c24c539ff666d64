//! Two sessions, one on each end of a link that cuts what it carries anywhere.

use super::*;
use crate::pdu::{BindMode, SmeAddress};
use bytes::BytesMut;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SECOND: Duration = Duration::from_secs(1);

/// An ESME and an SMSC, and the time.
struct Pair {
    esme: Session,
    smsc: Session,
    now: Duration,
    /// How many octets the link takes at once.
    piece: usize,
}

fn bind(mode: BindMode) -> Bind {
    Bind {
        mode,
        system_id: "clinic".into(),
        password: "secret".into(),
        system_type: String::new(),
        interface_version: 0x34,
        address_range: SmeAddress::default(),
    }
}

fn message(text: &str) -> ShortMessage {
    ShortMessage {
        short_message: text.to_owned().into(),
        ..ShortMessage::default()
    }
}

fn id(text: &str) -> MessageResponse {
    MessageResponse {
        message_id: text.into(),
        ..MessageResponse::default()
    }
}

fn small(window: usize) -> Config {
    Config {
        window,
        ..Config::default()
    }
}

impl Pair {
    fn new(esme: Config, smsc: Config) -> Self {
        Self {
            esme: Session::new(Role::Esme, esme, Duration::ZERO),
            smsc: Session::new(Role::Smsc, smsc, Duration::ZERO),
            now: Duration::ZERO,
            piece: 1_000,
        }
    }

    /// A pair whose session is bound.
    fn bound(mode: BindMode, config: Config) -> Self {
        let mut pair = Self::new(config.clone(), config);
        pair.esme.bind(&bind(mode), pair.now).unwrap();
        pair.carry();
        assert_eq!(pair.smsc.poll(), Some(Event::BindRequested(bind(mode))));
        pair.smsc.accept_bind(&"smsc".into(), 0x34, pair.now).unwrap();
        pair.carry();
        let expected = BindResponse {
            mode,
            system_id: "smsc".into(),
            interface_version: Some(0x34),
        };
        assert_eq!(pair.esme.poll(), Some(Event::Bound(expected)));
        pair
    }

    /// Carries all that is to be carried.
    fn carry(&mut self) {
        while self.carry_one(true) | self.carry_one(false) {}
    }

    /// Carries one piece one way; false when there is none.
    fn carry_one(&mut self, to_smsc: bool) -> bool {
        let (from, to) = match to_smsc {
            true => (&mut self.esme, &mut self.smsc),
            false => (&mut self.smsc, &mut self.esme),
        };
        let length = from.outgoing().len().min(self.piece);
        if length == 0 || !to.may_read() {
            return false;
        }
        let octets = from.outgoing()[..length].to_vec();
        from.written(length, self.now);
        to.received(&octets, self.now);
        true
    }

    fn pass(&mut self, by: Duration) {
        self.now += by;
        self.esme.tick(self.now);
        self.smsc.tick(self.now);
    }

    fn submit(&mut self, text: &str) -> Result<Ticket, RequestError> {
        self.esme.send(Operation::Submit, message(text), self.now)
    }

    /// The number of the message that came to the SMSC.
    fn came(&mut self) -> u32 {
        match self.smsc.poll() {
            Some(Event::Received { sequence, .. }) => sequence,
            other => panic!("no message came: {other:?}"),
        }
    }

    fn end_of_esme(&mut self) -> Ended {
        loop {
            match self.esme.poll() {
                Some(Event::Ended(ended)) => return ended,
                Some(_) => {}
                None => panic!("it has not ended"),
            }
        }
    }
}

#[test]
fn a_message_goes_is_answered_and_the_session_is_unbound() {
    let mut pair = Pair::bound(BindMode::Transceiver, Config::default());
    let ticket = pair.submit("hello").unwrap();
    pair.carry();
    let sequence = pair.came();
    pair.smsc
        .answer(sequence, CommandStatus::OK, id("m1"), pair.now)
        .unwrap();
    let back = pair.smsc.send(Operation::Deliver, message("hi"), pair.now).unwrap();
    pair.carry();
    assert_eq!(pair.esme.poll(), Some(Event::Sent(ticket)));
    let answered = Event::Answered {
        ticket,
        status: CommandStatus::OK,
        response: id("m1"),
    };
    assert_eq!(pair.esme.poll(), Some(answered));
    let Some(Event::Received {
        sequence,
        operation,
        message,
    }) = pair.esme.poll()
    else {
        panic!("a message came");
    };
    assert_eq!(
        (operation, &message.short_message[..]),
        (Operation::Deliver, &b"hi"[..])
    );
    pair.esme.answer(sequence, CommandStatus::OK, id(""), pair.now).unwrap();
    pair.esme.unbind(pair.now);
    pair.carry();
    assert_eq!(pair.end_of_esme().reason, EndReason::Unbound);
    assert_eq!(pair.smsc.poll(), Some(Event::Sent(back)));
    assert!(matches!(pair.smsc.poll(), Some(Event::Answered { ticket, .. }) if ticket == back));
    assert!(matches!(pair.smsc.poll(), Some(Event::Ended(ended)) if ended.reason == EndReason::UnboundByPeer));
}

#[test]
fn the_window_is_never_exceeded_and_each_answer_makes_room() {
    let mut pair = Pair::bound(BindMode::Transmitter, small(2));
    assert_eq!(pair.esme.room(), 2);
    pair.submit("1").unwrap();
    pair.submit("2").unwrap();
    assert_eq!(pair.submit("3"), Err(RequestError::WindowFull));
    pair.carry();
    let sequence = pair.came();
    pair.smsc
        .answer(sequence, CommandStatus::THROTTLED, id(""), pair.now)
        .unwrap();
    pair.carry();
    assert_eq!(pair.esme.room(), 1);
    pair.submit("3").unwrap();
}

#[test]
fn nothing_more_is_read_than_may_be_unanswered() {
    let config = Config {
        inbound_window: 2,
        ..Config::default()
    };
    let mut pair = Pair::bound(BindMode::Transmitter, config);
    for text in ["1", "2", "3", "4"] {
        pair.submit(text).unwrap();
    }
    pair.carry();
    let (first, _second) = (pair.came(), pair.came());
    assert_eq!(pair.smsc.poll(), None);
    assert!(!pair.smsc.may_read());
    pair.smsc.answer(first, CommandStatus::OK, id("1"), pair.now).unwrap();
    assert!(matches!(pair.smsc.poll(), Some(Event::Received { .. })));
    assert_eq!(pair.smsc.poll(), None);
}

#[test]
fn what_may_have_been_taken_is_told_apart_from_what_was_not_sent() {
    let mut pair = Pair::bound(BindMode::Transmitter, Config::default());
    let first = pair.submit("first").unwrap();
    let second = pair.submit("second").unwrap();
    let both = pair.esme.outgoing().len();
    pair.esme.written(both - 1, pair.now);
    assert_eq!(pair.esme.poll(), Some(Event::Sent(first)));
    pair.esme.link_lost();
    let expected = Ended {
        reason: EndReason::LinkLost,
        not_sent: vec![second],
        unanswered: vec![first],
    };
    assert_eq!(pair.esme.poll(), Some(Event::Ended(expected)));
    assert_eq!(pair.submit("third"), Err(RequestError::NotBound));
}

#[test]
fn an_answer_that_is_late_is_told_as_such() {
    let mut pair = Pair::bound(BindMode::Transmitter, Config::default());
    let ticket = pair.submit("hello").unwrap();
    pair.carry();
    let sequence = pair.came();
    assert_eq!(pair.esme.poll(), Some(Event::Sent(ticket)));
    // Their silence is answered meanwhile: the link is there.
    for _ in 0..6 {
        pair.pass(10 * SECOND);
        pair.carry();
    }
    assert_eq!(pair.esme.poll(), Some(Event::TimedOut(ticket)));
    assert_eq!(pair.esme.room(), 64);
    pair.smsc
        .answer(sequence, CommandStatus::OK, id("late"), pair.now)
        .unwrap();
    pair.carry();
    let late = Event::AnsweredLate {
        ticket,
        status: CommandStatus::OK,
        response: id("late"),
    };
    assert_eq!(pair.esme.poll(), Some(late));
}

/// F13: the other side is gone, and nobody says so.
#[test]
fn a_link_that_is_dead_is_found_out() {
    let mut pair = Pair::bound(BindMode::Transmitter, Config::default());
    let ticket = pair.submit("hello").unwrap();
    let length = pair.esme.outgoing().len();
    pair.esme.written(length, pair.now);
    for _ in 0..20 {
        let Some(due) = pair.esme.next_deadline() else { break };
        pair.pass(due - pair.now);
        let length = pair.esme.outgoing().len();
        pair.esme.written(length, pair.now);
    }
    assert_eq!(pair.esme.poll(), Some(Event::Sent(ticket)));
    assert_eq!(pair.esme.poll(), Some(Event::TimedOut(ticket)));
    assert_eq!(pair.end_of_esme().reason, EndReason::NoEcho);
    assert_eq!(pair.now, 90 * SECOND, "30 s of silence, 60 s for the answer");
}

#[test]
fn a_link_that_takes_nothing_is_given_up() {
    let mut pair = Pair::bound(BindMode::Transmitter, Config::default());
    let ticket = pair.submit("hello").unwrap();
    pair.pass(60 * SECOND);
    let ended = pair.end_of_esme();
    assert_eq!((ended.reason, ended.not_sent), (EndReason::Stalled, vec![ticket]));
}

#[test]
fn an_unbind_waits_for_answers_but_not_for_ever() {
    for is_answered in [true, false] {
        let mut pair = Pair::bound(BindMode::Transmitter, Config::default());
        let ticket = pair.submit("hello").unwrap();
        pair.carry();
        let sequence = pair.came();
        pair.esme.unbind(pair.now);
        pair.carry();
        assert_eq!(pair.submit("more"), Err(RequestError::NotBound));
        assert!(!pair.esme.is_over());
        if is_answered {
            pair.smsc
                .answer(sequence, CommandStatus::OK, id("m"), pair.now)
                .unwrap();
        }
        pair.carry();
        pair.pass(10 * SECOND);
        pair.carry();
        pair.pass(10 * SECOND);
        pair.carry();
        let ended = pair.end_of_esme();
        assert_eq!(ended.reason, EndReason::Unbound);
        let expected = if is_answered { vec![] } else { vec![ticket] };
        assert_eq!(ended.unanswered, expected);
    }
}

#[test]
fn a_bind_is_refused_or_comes_in_time() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.esme.bind(&bind(BindMode::Receiver), pair.now).unwrap();
    pair.carry();
    pair.smsc.refuse_bind(CommandStatus::INVALID_PASSWORD);
    pair.carry();
    assert_eq!(
        pair.end_of_esme().reason,
        EndReason::BindRefused(CommandStatus::INVALID_PASSWORD)
    );
    assert!(pair.smsc.is_over());

    let mut pair = Pair::new(Config::default(), Config::default());
    pair.pass(29 * SECOND);
    assert!(!pair.smsc.is_over());
    pair.pass(SECOND);
    assert!(matches!(pair.smsc.poll(), Some(Event::Ended(ended)) if ended.reason == EndReason::BindTimeout));
}

#[test]
fn what_is_not_allowed_is_refused_and_the_session_goes_on() {
    let mut pair = Pair::bound(BindMode::Receiver, Config::default());
    let ticket = pair.submit("hello").unwrap();
    pair.carry();
    assert!(matches!(
        pair.smsc.poll(),
        Some(Event::Refused {
            status: Some(CommandStatus::INVALID_BIND_STATUS),
            command_id: 4,
            ..
        })
    ));
    assert_eq!(pair.esme.poll(), Some(Event::Sent(ticket)));
    assert!(matches!(
        pair.esme.poll(),
        Some(Event::Answered {
            status: CommandStatus::INVALID_BIND_STATUS,
            ..
        })
    ));
    pair.smsc.send(Operation::Deliver, message("hi"), pair.now).unwrap();
    pair.carry();
    assert!(matches!(pair.esme.poll(), Some(Event::Received { .. })));
}

/// A PDU as another implementation may send it.
fn pdu(id: u32, body: &[u8]) -> Vec<u8> {
    let header = [16 + body.len() as u32, id, 0, 9].map(u32::to_be_bytes).concat();
    [header, body.to_vec()].concat()
}

/// What of theirs a link brings.
fn octets(sequence: u32, pdu: Pdu) -> BytesMut {
    let mut octets = BytesMut::new();
    let status = CommandStatus::OK;
    crate::wire::encode(&Command { status, sequence, pdu }, &mut octets).unwrap();
    octets
}

/// Octets as another implementation may send them, and what is answered: the status and the operation.
#[test]
fn bad_input_gets_the_right_status_and_keeps_the_session() {
    let check = |octets: &[u8], expected: Option<(u32, u32)>, goes_on: bool| {
        let mut pair = Pair::bound(BindMode::Transceiver, Config::default());
        pair.smsc.received(octets, pair.now);
        let mut framer = Framer::new(1_000);
        framer.push(pair.smsc.outgoing());
        let answer = framer
            .next_frame()
            .unwrap()
            .map(|frame| (frame.command_id, frame.status.0));
        assert_eq!(answer, expected, "{octets:?}");
        let length = pair.smsc.outgoing().len();
        pair.smsc.written(length, pair.now);
        assert_eq!(!pair.smsc.is_over(), goes_on, "{octets:?}");
    };
    check(&pdu(0x777, b"abc"), Some((0x8000_0000, 0x03)), true);
    check(&pdu(0x03, b"abc"), Some((0x8000_0000, 0x03)), true);
    check(&pdu(0x04, b"TOOLONG"), Some((0x8000_0004, 0x15)), true);
    check(&pdu(0x04, b""), Some((0x8000_0004, 0x02)), true);
    check(&pdu(0x09, b"\0\0\0\x34\0\0\0"), Some((0x8000_0009, 0x05)), true);
    check(&pdu(0x05, &[0; 17]), Some((0x8000_0000, 0x03)), true);
    check(&pdu(0x15, b"body"), Some((0x8000_0015, 0)), true);
    check(&pdu(0x8000_0004, b"unasked\0"), None, true);
    check(&pdu(0x8000_0777, b"?"), None, true);
    check(&pdu(0x04, &[1; 80_000]), Some((0x8000_0000, 0x02)), true);
    check(
        &[0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9],
        Some((0x8000_0000, 0x02)),
        false,
    );
    check(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Some((0x8000_0000, 0x02)), false);
}

#[test]
fn an_idle_session_is_given_up_where_that_is_wanted() {
    let config = Config {
        inactivity_timeout: Some(45 * SECOND),
        ..Config::default()
    };
    let mut pair = Pair::bound(BindMode::Transceiver, config);
    for _ in 0..9 {
        pair.pass(5 * SECOND);
        pair.carry();
    }
    pair.carry();
    assert_eq!(pair.end_of_esme().reason, EndReason::Unbound);
}

#[derive(Clone, Debug)]
enum Step {
    Submit,
    Carry { to_smsc: bool, piece: usize },
    Answer,
    Pass(u64),
    Lose,
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Submit),
        6 => (any::<bool>(), 1..200_usize).prop_map(|(to_smsc, piece)| Step::Carry { to_smsc, piece }),
        3 => Just(Step::Answer),
        1 => (0..40_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whatever happens, each message has one end: answered, timed out, or told at the end of the session; and none is
    /// told unsent that came to the other side.
    #[test]
    fn each_message_has_one_end(
        steps in prop::collection::vec(a_step(), 0..120),
        window in 1..6_usize,
        inbound_window in 1..4_usize,
        is_lost in any::<bool>(),
    ) {
        let config = Config { window, inbound_window, ..Config::default() };
        let mut pair = Pair::bound(BindMode::Transceiver, config);
        let mut submitted = Vec::new();
        let mut owed = VecDeque::new();
        let mut came = 0;
        let mut ends: BTreeMap<Ticket, &str> = BTreeMap::new();
        let mut sent = Vec::new();
        let last = if is_lost { Step::Lose } else { Step::Pass(1_000) };
        for step in steps.into_iter().chain([last]) {
            match step {
                Step::Submit => match pair.submit("text") {
                    Ok(ticket) => submitted.push(ticket),
                    Err(error) => prop_assert!(error != RequestError::WindowFull || pair.esme.room() == 0),
                },
                Step::Carry { to_smsc, piece } => {
                    pair.piece = piece;
                    pair.carry_one(to_smsc);
                }
                Step::Answer => {
                    if let Some(sequence) = owed.pop_front() {
                        pair.smsc.answer(sequence, CommandStatus::OK, id("m"), pair.now).unwrap();
                    }
                }
                Step::Pass(seconds) => pair.pass(seconds as u32 * SECOND),
                Step::Lose => pair.esme.link_lost(),
            }
            prop_assert!(pair.esme.window.messages() <= window);
            prop_assert!(pair.smsc.owed.len() <= inbound_window);
            while let Some(event) = pair.smsc.poll() {
                if let Event::Received { sequence, .. } = event {
                    owed.push_back(sequence);
                    came += 1;
                }
            }
            while let Some(event) = pair.esme.poll() {
                match event {
                    Event::Sent(ticket) => sent.push(ticket),
                    Event::Answered { ticket, .. } => prop_assert_eq!(ends.insert(ticket, "answered"), None),
                    Event::TimedOut(ticket) => prop_assert_eq!(ends.insert(ticket, "timed out"), None),
                    Event::AnsweredLate { ticket, .. } => prop_assert_eq!(ends.get(&ticket), Some(&"timed out")),
                    Event::Ended(ended) => {
                        for ticket in ended.not_sent {
                            prop_assert!(!sent.contains(&ticket));
                            prop_assert_eq!(ends.insert(ticket, "not sent"), None);
                        }
                        for ticket in ended.unanswered {
                            prop_assert!(sent.contains(&ticket));
                            prop_assert_eq!(ends.insert(ticket, "unanswered"), None);
                        }
                    }
                    _ => {}
                }
            }
        }
        prop_assert!(came <= sent.len());
        if pair.esme.is_over() {
            prop_assert_eq!(ends.len(), submitted.len());
        }
    }

    /// Octets of any kind never break it, and never make it hoard.
    #[test]
    fn any_octets_are_survived(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..20)) {
        let mut pair = Pair::bound(BindMode::Transceiver, Config::default());
        for piece in pieces {
            if pair.smsc.may_read() {
                pair.smsc.received(&piece, pair.now);
            }
            let length = pair.smsc.outgoing().len();
            pair.smsc.written(length, pair.now);
        }
    }
}

/// What a link carries one way, and how many of its messages wait for their answers, as somebody sees who listens to it.
struct Listener {
    requests: Framer,
    responses: Framer,
    /// The numbers of the messages that have left whole, in their order.
    sent: Vec<u32>,
    /// Those of them that were neither answered nor given up.
    open: BTreeSet<u32>,
    /// The tickets of the messages, in the order in which they were told as sent.
    tickets: Vec<Ticket>,
}

impl Listener {
    fn new() -> Self {
        Self {
            requests: Framer::new(1_000),
            responses: Framer::new(1_000),
            sent: Vec::new(),
            open: BTreeSet::new(),
            tickets: Vec::new(),
        }
    }

    fn goes(&mut self, octets: &[u8]) {
        self.requests.push(octets);
        while let Some(frame) = self.requests.next_frame().unwrap() {
            if [0x04, 0x05].contains(&frame.command_id) {
                self.sent.push(frame.sequence);
                assert!(self.open.insert(frame.sequence), "two messages have one number");
            }
        }
    }

    fn comes(&mut self, octets: &[u8]) {
        self.responses.push(octets);
        while let Some(frame) = self.responses.next_frame().unwrap() {
            if [0x8000_0004, 0x8000_0005].contains(&frame.command_id) {
                self.open.remove(&frame.sequence);
            }
        }
    }

    fn given_up(&mut self, ticket: Ticket) {
        let place = self
            .tickets
            .iter()
            .position(|told| *told == ticket)
            .expect("it had left");
        assert!(self.open.remove(&self.sent[place]), "it was answered");
    }
}

/// One end of a pair, with what its owner knows.
struct End {
    listener: Listener,
    /// How many messages it sent that are not over for it.
    under_way: usize,
    /// The numbers of messages it was brought and has not answered.
    owed: Vec<u32>,
    /// When each message left.
    sent_at: BTreeMap<Ticket, Duration>,
}

impl End {
    fn new() -> Self {
        Self {
            listener: Listener::new(),
            under_way: 0,
            owed: Vec::new(),
            sent_at: BTreeMap::new(),
        }
    }

    fn hear(&mut self, session: &mut Session, now: Duration) {
        while let Some(event) = session.poll() {
            match event {
                Event::Received { sequence, .. } => self.owed.push(sequence),
                Event::Sent(ticket) => {
                    self.listener.tickets.push(ticket);
                    self.sent_at.insert(ticket, now);
                }
                Event::Answered { .. } => self.under_way -= 1,
                Event::TimedOut(ticket) => {
                    self.under_way -= 1;
                    self.listener.given_up(ticket);
                    let waited = now - self.sent_at[&ticket];
                    assert!(waited >= session.config.response_timeout, "given up after {waited:?}");
                }
                _ => {}
            }
        }
    }

    fn check(&self, session: &Session, config: &Config) {
        assert!(
            self.listener.open.len() <= config.window,
            "{:?} are open",
            self.listener.open
        );
        assert!(self.owed.len() <= config.inbound_window, "{:?} are owed", self.owed);
        if session.may_send() {
            // It is not only kept: it can be filled.
            assert_eq!(session.room(), config.window - self.under_way);
        }
    }
}

#[derive(Clone, Debug)]
enum Turn {
    Send { is_esme: bool },
    Carry { is_to_smsc: bool, piece: usize },
    Answer { is_esme: bool, place: prop::sample::Index },
    Pass(u64),
}

fn a_turn() -> impl Strategy<Value = Turn> {
    let answer = (any::<bool>(), any::<prop::sample::Index>());
    prop_oneof![
        6 => any::<bool>().prop_map(|is_esme| Turn::Send { is_esme }),
        8 => (any::<bool>(), 1..300_usize).prop_map(|(is_to_smsc, piece)| Turn::Carry { is_to_smsc, piece }),
        3 => answer.prop_map(|(is_esme, place)| Turn::Answer { is_esme, place }),
        1 => (0..90_u64).prop_map(Turn::Pass),
    ]
}

impl Pair {
    /// Does one thing; the listeners hear what the link carries.
    fn take(&mut self, turn: Turn, esme: &mut End, smsc: &mut End) {
        match turn {
            Turn::Send { is_esme } => {
                let (session, end, operation) = match is_esme {
                    true => (&mut self.esme, esme, Operation::Submit),
                    false => (&mut self.smsc, smsc, Operation::Deliver),
                };
                let room = session.room();
                let sent = session.send(operation, message("text"), self.now);
                assert_eq!(sent.is_ok(), room > 0, "{sent:?}");
                end.under_way += usize::from(sent.is_ok());
            }
            Turn::Carry { is_to_smsc, piece } => {
                let from = if is_to_smsc { &self.esme } else { &self.smsc };
                let octets = from.outgoing()[..piece.min(from.outgoing().len())].to_vec();
                self.piece = piece;
                if self.carry_one(is_to_smsc) {
                    let (sender, receiver) = if is_to_smsc { (esme, smsc) } else { (smsc, esme) };
                    sender.listener.goes(&octets);
                    receiver.listener.comes(&octets);
                }
            }
            Turn::Answer { is_esme, place } => {
                let (session, end) = match is_esme {
                    true => (&mut self.esme, esme),
                    false => (&mut self.smsc, smsc),
                };
                if !end.owed.is_empty() {
                    let sequence = end.owed.remove(place.index(end.owed.len()));
                    session.answer(sequence, CommandStatus::OK, id("m"), self.now).unwrap();
                }
            }
            Turn::Pass(seconds) => self.pass(seconds as u32 * SECOND),
        }
    }
}

proptest! {
    /// Counted on the link, both ways at once: never more messages without an answer than the window, but for those that
    /// were given up; and never more at an owner than the inbound window.
    #[test]
    fn the_window_is_never_exceeded_on_the_link(
        turns in prop::collection::vec(a_turn(), 0..300),
        window in 1..6_usize,
        inbound_window in 1..4_usize,
    ) {
        let config = Config { window, inbound_window, ..Config::default() };
        let mut pair = Pair::bound(BindMode::Transceiver, config.clone());
        let (mut esme, mut smsc) = (End::new(), End::new());
        for turn in turns {
            if pair.esme.is_over() || pair.smsc.is_over() {
                break;
            }
            pair.take(turn, &mut esme, &mut smsc);
            esme.hear(&mut pair.esme, pair.now);
            smsc.hear(&mut pair.smsc, pair.now);
            esme.check(&pair.esme, &config);
            smsc.check(&pair.smsc, &config);
        }
    }
}

/// An ESME that is bound and takes so many messages at once; what it says is taken at once by the link.
struct Alone {
    esme: Session,
    now: Duration,
    /// The numbers of what it was brought and has not answered.
    owed: VecDeque<u32>,
    brought: u32,
    /// When each message was given up.
    given_up: Vec<(Ticket, Duration)>,
}

impl Alone {
    fn bound(inbound_window: usize) -> Self {
        let config = Config {
            inbound_window,
            ..Config::default()
        };
        let mut alone = Self {
            esme: Pair::bound(BindMode::Transceiver, config).esme,
            now: Duration::ZERO,
            owed: VecDeque::new(),
            brought: 0,
            given_up: Vec::new(),
        };
        alone.settle();
        alone
    }

    fn submit(&mut self) -> Ticket {
        let ticket = self.esme.send(Operation::Submit, message("hello"), self.now).unwrap();
        self.settle();
        ticket
    }

    /// So many messages come at once.
    fn bring(&mut self, count: u32) {
        let message = |sequence| octets(sequence, Pdu::Message(Operation::Deliver, Box::default()));
        let brought: Vec<u8> = (self.brought + 1..=self.brought + count).flat_map(message).collect();
        self.brought += count;
        self.esme.received(&brought, self.now);
        self.settle();
    }

    fn answer(&mut self) {
        let sequence = self.owed.pop_front().expect("it owes an answer");
        self.esme.answer(sequence, CommandStatus::OK, id(""), self.now).unwrap();
        self.settle();
    }

    fn pass_until(&mut self, moment: Duration) {
        while let Some(due) = self.esme.next_deadline().filter(|due| *due < moment) {
            self.now = self.now.max(due);
            self.settle();
        }
        self.now = moment;
        self.settle();
    }

    /// Does what is due, writes all there is, hears what happened.
    fn settle(&mut self) {
        self.esme.tick(self.now);
        let length = self.esme.outgoing().len();
        self.esme.written(length, self.now);
        while let Some(event) = self.esme.poll() {
            match event {
                Event::Received { sequence, .. } => self.owed.push_back(sequence),
                Event::TimedOut(ticket) => self.given_up.push((ticket, self.now)),
                Event::Ended(ended) => panic!("{ended:?}"),
                _ => {}
            }
        }
    }
}

/// What was sent before a hold-up is not charged with it, and what was sent meanwhile not with what was before.
#[test]
fn a_message_is_given_only_the_time_in_which_nothing_was_read_while_it_waited() {
    let mut alone = Alone::bound(1);
    let before = alone.submit();
    alone.pass_until(10 * SECOND);
    alone.bring(1);
    alone.pass_until(129 * SECOND);
    let meanwhile = alone.submit();
    alone.pass_until(130 * SECOND);
    assert_eq!(alone.given_up, []);
    alone.answer();
    alone.pass_until(200 * SECOND);
    // Nothing was read for 120 seconds, of which one is as usual.
    assert_eq!(
        alone.given_up,
        [(before, (60 + 119) * SECOND), (meanwhile, (130 + 60) * SECOND)]
    );
}

#[test]
fn what_came_during_a_hold_up_is_read_before_anything_is_given_up() {
    let mut alone = Alone::bound(1);
    let ticket = alone.submit();
    alone.pass_until(59 * SECOND + SECOND / 2);
    alone.bring(1);
    alone.pass_until(100 * SECOND);
    alone.answer();
    assert_eq!(alone.given_up, []);
    alone.pass_until(101 * SECOND);
    assert_eq!(alone.given_up, [(ticket, 101 * SECOND)]);
}

proptest! {
    /// The other side keeps the window full for ever and never answers: what lies between two of its messages counts up
    /// to a second, and after the time for an answer in all it is given up; whether they come one by one or many at once.
    #[test]
    fn a_lost_answer_is_found_out_under_any_load(
        pauses in prop::collection::vec(0..3_000_u64, 400),
        inbound_window in 1..4_usize,
        at_once in 1..30_u32,
    ) {
        let mut alone = Alone::bound(inbound_window);
        let ticket = alone.submit();
        let mut counted = Duration::ZERO;
        while alone.esme.may_read() {
            alone.bring(at_once);
        }
        for pause in pauses.into_iter().map(Duration::from_millis) {
            prop_assert!(!alone.esme.may_read());
            alone.pass_until(alone.now + pause);
            alone.answer();
            while alone.esme.may_read() {
                alone.bring(at_once);
            }
            counted += pause.min(SECOND);
            if counted >= 60 * SECOND {
                prop_assert_eq!(&alone.given_up, &[(ticket, alone.now)]);
                break;
            }
            prop_assert!(alone.given_up.is_empty());
        }
    }
}

/// An answer that is owed holds it up or nothing does; how long its end may take, and how long it takes in all.
#[test]
fn an_unbind_that_is_never_answered_ends_by_itself() {
    let check = |is_held_up: bool, drain: u32, expected: u32| {
        let config = Config {
            inbound_window: 1,
            drain_timeout: drain * SECOND,
            ..Config::default()
        };
        let mut pair = Pair::bound(BindMode::Transceiver, config);
        if is_held_up {
            pair.submit("hello").unwrap();
            pair.carry();
        }
        let smsc = &mut pair.smsc;
        assert_eq!(smsc.may_read(), !is_held_up);
        smsc.unbind(pair.now);
        let mut now = pair.now;
        while let Some(due) = smsc.next_deadline() {
            let length = smsc.outgoing().len();
            smsc.written(length, now);
            now = due;
            smsc.tick(now);
        }
        assert!(smsc.is_over(), "held up: {is_held_up}");
        assert_eq!(now, expected * SECOND, "held up: {is_held_up}, {drain} s");
    };
    check(false, 10, 5);
    check(false, 2, 2);
    check(true, 10, 15);
    check(true, 2, 4);
}

#[test]
fn who_asks_twice_to_be_unbound_waits_no_longer_and_is_answered() {
    let mut pair = Pair::bound(BindMode::Transceiver, Config::default());
    pair.submit("hello").unwrap();
    pair.carry();
    for _ in 0..2 {
        pair.smsc.received(&pdu(0x06, b""), pair.now);
        pair.pass(5 * SECOND);
    }
    assert!(!pair.smsc.is_over(), "it is still to be written");
    assert_eq!(
        pair.smsc.outgoing(),
        [0, 0, 0, 16, 0x80, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 9]
    );
    pair.smsc.written(16, pair.now);
    assert!(pair.smsc.is_over());
}

/// What somebody says who is not bound, whether the session goes on, and what is answered last: the operation and the
/// status.
#[test]
fn who_is_not_bound_is_not_listened_to_for_long() {
    let check = |said: &[Vec<u8>], expected: Option<EndReason>, last: Option<(u32, u32)>| {
        let mut smsc = Session::new(Role::Smsc, Config::default(), Duration::ZERO);
        smsc.received(&said.concat(), Duration::ZERO);
        let mut framer = Framer::new(1_000);
        framer.push(smsc.outgoing());
        let answers = std::iter::from_fn(|| framer.next_frame().unwrap());
        let answered = answers.last().map(|frame| (frame.command_id, frame.status.0));
        assert_eq!(answered, last, "{said:?}");
        let length = smsc.outgoing().len();
        smsc.written(length, Duration::ZERO);
        let events: Vec<Event> = std::iter::from_fn(|| smsc.poll()).collect();
        let ended = events.iter().find_map(|event| match event {
            Event::Ended(ended) => Some(ended.reason),
            _ => None,
        });
        assert_eq!(ended, expected, "{said:?}");
        let refused = events
            .iter()
            .filter(|event| matches!(event, Event::Refused { .. }))
            .count();
        assert!(refused <= 3, "{said:?}: {refused} are told");
    };
    let many = |count: usize, pdu: Vec<u8>| vec![pdu; count];
    let over = Some(EndReason::NotSmpp);
    let longest = Pdu::Bind(Bind {
        system_id: "s".repeat(15),
        password: "p".repeat(8),
        system_type: "t".repeat(12),
        address_range: SmeAddress {
            address: "1".repeat(40),
            ..SmeAddress::default()
        },
        ..bind(BindMode::Transceiver)
    });
    let longest = octets(9, longest).to_vec();
    check(&many(40, pdu(0x15, b"")), None, Some((0x8000_0015, 0)));
    check(&many(2, pdu(0x04, b"")), None, Some((0x8000_0004, 2)));
    check(&many(3, pdu(0x04, b"")), over, Some((0x8000_0004, 2)));
    check(&many(9, pdu(0x777, b"?")), over, Some((0x8000_0000, 3)));
    check(&many(2, pdu(0x8000_0004, b"m\0")), None, None);
    check(&many(3, pdu(0x8000_0004, b"m\0")), over, None);
    check(&many(1, pdu(0x04, &[0; 300])), None, Some((0x8000_0000, 2)));
    check(&many(9, pdu(0x04, &[0; 60_000])), over, Some((0x8000_0000, 2)));
    let strayed = [
        many(2, pdu(0x04, &[0; 300])),
        many(1, longest.clone()),
        many(1, pdu(0x15, b"")),
    ];
    check(&strayed.concat(), None, Some((0x8000_0015, 0)));
    check(
        &[many(1, longest), many(9, pdu(0x04, b""))].concat(),
        over,
        Some((0x8000_0004, 2)),
    );
}

#[test]
fn who_is_bound_may_say_much() {
    let mut pair = Pair::bound(BindMode::Transceiver, Config::default());
    let tlvs = crate::tlv::Tlvs::default().with(crate::tlv::MESSAGE_PAYLOAD, vec![b'a'; 60_000]);
    let long = ShortMessage {
        tlvs,
        ..ShortMessage::default()
    };
    pair.esme.send(Operation::Submit, long, pair.now).unwrap();
    pair.carry();
    pair.came();
}

#[test]
fn a_bind_that_is_granted_after_the_end_grants_nothing() {
    for said in [&[0; 16][..], b""] {
        let mut pair = Pair::new(Config::default(), Config::default());
        pair.esme.bind(&bind(BindMode::Receiver), pair.now).unwrap();
        pair.carry();
        pair.smsc.received(said, pair.now);
        if said.is_empty() {
            pair.pass(60 * SECOND);
        }
        let granted = pair.smsc.accept_bind(&"smsc".into(), 0x34, pair.now);
        assert_eq!(granted, Ok(None));
        let length = pair.smsc.outgoing().len();
        pair.smsc.written(length, pair.now);
        assert!(pair.smsc.is_over());
    }
}
