//! Two sessions, one on each end of a link that cuts what it carries anywhere.

use super::*;
use crate::pdu::{BindMode, SmeAddress};
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

/// Octets as another implementation may send them, and what is answered: the status and the operation.
#[test]
fn bad_input_gets_the_right_status_and_keeps_the_session() {
    let pdu = |id: u32, body: &[u8]| {
        let header = [16 + body.len() as u32, id, 0, 9].map(u32::to_be_bytes).concat();
        [header, body.to_vec()].concat()
    };
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
}

impl End {
    fn new() -> Self {
        let (listener, under_way, owed) = (Listener::new(), 0, Vec::new());
        Self {
            listener,
            under_way,
            owed,
        }
    }

    fn hear(&mut self, session: &mut Session) {
        while let Some(event) = session.poll() {
            match event {
                Event::Received { sequence, .. } => self.owed.push(sequence),
                Event::Sent(ticket) => self.listener.tickets.push(ticket),
                Event::Answered { .. } => self.under_way -= 1,
                Event::TimedOut(ticket) => {
                    self.under_way -= 1;
                    self.listener.given_up(ticket);
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
            esme.hear(&mut pair.esme);
            smsc.hear(&mut pair.smsc);
            esme.check(&pair.esme, &config);
            smsc.check(&pair.smsc, &config);
        }
    }
}
