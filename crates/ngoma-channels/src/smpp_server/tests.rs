//! A system of this machine binds to a switchboard, before a fake door.

use super::{Listening, SmppServer, Switchboard};
use crate::test_line::{TestLine, check_described, check_refused, outbound};
use ngoma_engine::AcceptError;
use ngoma_engine::Priority;
use ngoma_engine::channel::{
    ChannelType, Config, EndReports, Outbound, Report, ReportedStatus, Reports, SendErrorKind, Shutdown,
};
use ngoma_message::{Address, Object, Timestamp};
use ngoma_smpp::pdu::{Bind, BindMode, ShortMessage, SmeAddress};
use ngoma_smpp::tlv::{self, Tlvs};
use ngoma_smpp::{Answer, CommandStatus, EndReason, Outcome};
use ngoma_testkit::{Esme, FakeDoor};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A channel that runs, on a port.
struct Line {
    line: TestLine,
    switchboard: Arc<Switchboard>,
    port: u16,
    stop: watch::Sender<bool>,
    _serving: watch::Sender<bool>,
    running: JoinHandle<()>,
}

fn settings(more: Value) -> Value {
    let mut settings = json!({ "system_id": "records", "password": "drum" });
    let more = more.as_object().cloned().expect("an object");
    settings.as_object_mut().expect("an object").extend(more);
    settings
}

impl Line {
    async fn open(more: Value) -> Self {
        let switchboard = Arc::new(Switchboard::default());
        let channel_type = SmppServer {
            switchboard: Arc::clone(&switchboard),
        };
        let line = TestLine::open_at(&channel_type, &settings(more), Some("8864"));
        let (stop, stopping) = Shutdown::new();
        let run = Arc::clone(&line.transport);
        let running = tokio::spawn(async move { run.run(stopping).await.expect("its system id is free") });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let (serving, stopping) = Shutdown::new();
        tokio::spawn(Arc::clone(&switchboard).serve(Listening { listener, tls: None }, stopping));
        Self {
            line,
            switchboard,
            port,
            stop,
            _serving: serving,
            running,
        }
    }

    async fn bind(&self, mode: BindMode) -> Esme {
        let bind = ngoma_testkit::esme::bind(mode, "records", "drum");
        soon(Esme::bind(self.port, &bind)).await.expect("it is granted")
    }

    async fn is_refused(&self, bind: Bind) -> EndReason {
        let bound = soon(Esme::bind(self.port, &bind)).await;
        bound.err().expect("it is refused")
    }

    /// Sends as the engine does.
    async fn send(&self, message: &Outbound) -> Result<(), SendErrorKind> {
        soon(self.line.transport.ready()).await;
        let sent = soon(self.line.transport.send(message)).await;
        sent.map(drop).map_err(|error| error.kind)
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("it comes soon")
}

fn international(address: &str) -> SmeAddress {
    SmeAddress {
        ton: 1,
        npi: 1,
        address: address.into(),
    }
}

fn submission(text: &str) -> ShortMessage {
    ShortMessage {
        destination: international("27831234567"),
        short_message: text.to_owned().into(),
        ..ShortMessage::default()
    }
}

fn bind(system_id: &str, password: &str) -> Bind {
    ngoma_testkit::esme::bind(BindMode::Transceiver, system_id, password)
}

fn status(outcome: &Outcome) -> CommandStatus {
    match outcome {
        Outcome::Answered(answer) => answer.status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_are_described_and_checked() {
    let channel_type = SmppServer {
        switchboard: Arc::default(),
    };
    let whole = json!({
        "system_id": "records", "password": "drum", "allow": ["192.0.2.0/24", "::1"], "binds": 2, "window": 10,
        "submit_window": 10, "throughput": 100, "senders": ["8864"], "receipts": "tlvs", "long": "sar",
        "codings": {"0": "latin1"}, "gsm_data_coding": 1, "ucs2_data_coding": 24
    });
    check_described(&channel_type, &whole);
    for (change, field, problem) in [
        (json!({"system_id": ""}), "system_id", "1 to 15"),
        (json!({"password": "much-too-long"}), "password", "1 to 8"),
        (json!({"allow": ["here"]}), "allow", "no address or network"),
        (json!({"binds": 0}), "binds", "from 1 to 64"),
        (json!({"throughput": 0}), "throughput", "from 1 to 100000"),
        (json!({"codings": {"0": "morse"}}), "codings", "is no coding"),
    ] {
        check_refused(&channel_type, settings(change), field, problem);
    }
}

#[tokio::test]
async fn a_system_hands_messages_over_and_learns_their_ids() {
    let line = Line::open(json!({"senders": ["Clinic"]})).await;
    let esme = line.bind(BindMode::Transmitter).await;
    let message = ShortMessage {
        source: SmeAddress {
            ton: 5,
            npi: 0,
            address: "Clinic".into(),
        },
        priority: 3,
        registered_delivery: 1,
        validity_period: "000000020000000R".into(),
        ..submission("Hello @\x1Be")
    };
    let outcome = esme.submit(message).await;
    let (id, taken) = line.line.door.submissions().remove(0);
    assert_eq!(outcome, Outcome::Answered(Answer::taken(id.to_string())));
    assert_eq!(
        (taken.to.as_str(), taken.from.as_deref()),
        ("+27831234567", Some("Clinic"))
    );
    assert_eq!(taken.content, "Hello ¡€");
    let of_its_end = Reports {
        end: EndReports::All,
        before: false,
    };
    assert_eq!((taken.priority, taken.reports), (Priority::Urgent, of_its_end));
    assert_eq!(taken.valid_for, Some(Duration::from_secs(7_200)));
    // A short code that says it is international is the short code all the same.
    let short = ShortMessage {
        source: international("8864"),
        ..submission("hi")
    };
    esme.submit(short).await;
    let (_, taken) = line.line.door.submissions().pop().expect("one");
    assert_eq!(taken.from.as_deref(), Some("8864"));
    let wide = ShortMessage {
        data_coding: 8,
        short_message: vec![0, 0xE7, 0xD8, 0x3D, 0xDE, 0x00].into(),
        ..submission("")
    };
    esme.submit(wide).await;
    let payload = ShortMessage {
        tlvs: Tlvs::default().with(tlv::MESSAGE_PAYLOAD, "a".repeat(400)),
        ..submission("")
    };
    esme.submit(payload).await;
    let texts: Vec<_> = line
        .line
        .door
        .submissions()
        .into_iter()
        .map(|(_, taken)| taken.content)
        .collect();
    assert_eq!(texts[2..], ["ç😀".to_owned(), "a".repeat(400)]);
    assert_eq!(esme.unbind().await, EndReason::Unbound);
}

#[tokio::test]
async fn what_is_not_taken_is_answered_with_the_right_status() {
    let line = Line::open(json!({})).await;
    let esme = line.bind(BindMode::Transceiver).await;
    let changed = |change: fn(&mut ShortMessage)| {
        let mut message = submission("hi");
        change(&mut message);
        message
    };
    let sent_by = |message: ShortMessage| async { status(&esme.submit(message).await) };
    for (message, expected) in [
        (
            changed(|message| message.source = international("27830000000")),
            CommandStatus::INVALID_SOURCE_ADDRESS,
        ),
        (
            changed(|message| message.schedule_delivery_time = "261127093000000+".into()),
            CommandStatus::INVALID_SCHEDULE,
        ),
        (
            changed(|message| message.validity_period = "tomorrow at noon".into()),
            CommandStatus::INVALID_VALIDITY,
        ),
        (
            changed(|message| message.esm_class = 0x02),
            CommandStatus::INVALID_ESM_CLASS,
        ),
        // The channel's own address, a short code.
        (
            changed(|message| message.source.address = "8864".into()),
            CommandStatus::OK,
        ),
    ] {
        assert_eq!(sent_by(message).await, expected);
    }
    let invalid = |field| AcceptError::Invalid {
        index: 0,
        field,
        problem: "no".into(),
    };
    let full = AcceptError::Full {
        problem: "full".into(),
        time_to_drain: None,
        retry_after: Duration::from_secs(1),
    };
    for (error, expected) in [
        (invalid("to"), CommandStatus::INVALID_DESTINATION_ADDRESS),
        (invalid("content"), CommandStatus::INVALID_MESSAGE_LENGTH),
        (invalid("channel"), CommandStatus::SUBMIT_FAILED),
        (full, CommandStatus::QUEUE_FULL),
        (AcceptError::Unavailable("away".into()), CommandStatus::QUEUE_FULL),
    ] {
        line.line.door.reject(Some(error));
        assert_eq!(sent_by(submission("hi")).await, expected);
    }
    // A receiver submits nothing; the session goes on.
    let receiver = line.bind(BindMode::Receiver).await;
    line.line.door.reject(None);
    for _ in 0..2 {
        assert!(
            matches!(receiver.submit(submission("hi")).await, Outcome::Answered(answer)
            if answer.status == CommandStatus::INVALID_BIND_STATUS)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn binds_are_granted_to_whom_they_belong_and_guesses_wait() {
    let line = Line::open(json!({"binds": 2})).await;
    let refused = |status| EndReason::BindRefused(status);
    let took = |begun: Instant| begun.elapsed().as_millis();
    let begun = Instant::now();
    for _ in 0..4 {
        assert_eq!(
            line.is_refused(bind("records", "wrong")).await,
            refused(CommandStatus::BIND_FAILED)
        );
    }
    assert!((3_500..4_000).contains(&took(begun)), "0, 0.5, 1 and 2 s");
    // Whoever goes away while they wait has learnt nothing, and waits as long again.
    let wrong = bind("records", "wrong");
    let impatient = tokio::time::timeout(Duration::from_secs(1), Esme::bind(line.port, &wrong));
    assert!(impatient.await.is_err());
    let begun = Instant::now();
    let first = line.bind(BindMode::Transmitter).await;
    assert!(
        (4_000..4_500).contains(&took(begun)),
        "the right password is let in after the wait"
    );
    let begun = Instant::now();
    let held = [first, line.bind(BindMode::Receiver).await];
    assert!(took(begun) < 500, "and does not wait any more");
    assert_eq!(
        line.is_refused(bind("records", "drum")).await,
        refused(CommandStatus::ALREADY_BOUND)
    );
    for esme in held {
        esme.unbind().await;
    }
    assert_eq!(
        line.is_refused(bind("nobody", "drum")).await,
        refused(CommandStatus::BIND_FAILED)
    );
    line.bind(BindMode::Transceiver).await;
}

#[tokio::test(start_paused = true)]
async fn a_system_binds_only_from_its_addresses() {
    let line = Line::open(json!({"allow": ["192.0.2.0/24"]})).await;
    let refused = EndReason::BindRefused(CommandStatus::BIND_FAILED);
    assert_eq!(line.is_refused(bind("records", "drum")).await, refused);
    let line = Line::open(json!({"allow": ["192.0.2.0/24", "127.0.0.0/8"]})).await;
    line.bind(BindMode::Transceiver).await;
}

#[tokio::test]
async fn a_system_id_belongs_to_one_channel_after_the_other() {
    let line = Line::open(json!({})).await;
    line.bind(BindMode::Transceiver).await;
    let channel_type = SmppServer {
        switchboard: Arc::clone(&line.switchboard),
    };
    let config = settings(json!({}));
    let claimed = channel_type.claims(&Config(config.as_object().cloned().unwrap()));
    assert_eq!(claimed, Some(("system_id", "records".into())));
    let door = FakeDoor::new();
    let mut ctx = door.context(None);
    ctx.channel = "another".into();
    let other = crate::test_line::open(&channel_type, &config, ctx).expect("good settings");
    let (_stop, stopping) = Shutdown::new();
    tokio::spawn(async move { other.run(stopping).await });
    let submit = |esme: Esme| async move { status(&esme.submit(submission("hi")).await) };
    assert_eq!(submit(line.bind(BindMode::Transceiver).await).await, CommandStatus::OK);
    assert!(door.submissions().is_empty());
    line.stop.send_replace(true);
    soon(line.running).await.expect("it ends");
    let bind = bind("records", "drum");
    let esme = soon(Esme::bind(line.port, &bind)).await.expect("the other has it now");
    assert_eq!(submit(esme).await, CommandStatus::OK);
    assert_eq!(door.submissions().len(), 1);
}

/// It is sent again: whoever binds to an SMSC knows it again.
#[tokio::test]
async fn a_message_whose_answer_was_lost_comes_again() {
    let line = Line::open(json!({})).await;
    let silent = line.bind(BindMode::Transceiver).await;
    silent.will_not_answer();
    let transport = Arc::clone(&line.line.transport);
    let sending = tokio::spawn(async move { transport.send(&outbound("hi")).await });
    silent.came().await;
    silent.cut();
    let error = soon(sending).await.expect("it runs").expect_err("no answer came");
    assert_eq!(error.kind, SendErrorKind::Ambiguous);
    assert!(line.line.transport.may_repeat());
}

/// One that is no text goes on as it is, by carriers that can.
#[tokio::test]
async fn what_is_no_text_or_a_part_says_how_it_is_written() {
    let line = Line::open(json!({})).await;
    let esme = line.bind(BindMode::Transceiver).await;
    let is_as_written = async |message: ShortMessage| {
        assert_eq!(status(&esme.submit(message).await), CommandStatus::OK);
        let (_, taken) = line.line.door.submissions().pop().expect("one");
        taken.is_as_written
    };
    assert!(!is_as_written(submission("hi")).await);
    let binary = ShortMessage {
        data_coding: 4,
        ..submission("\u{1}\u{2}")
    };
    assert!(is_as_written(binary).await);
    let part = ShortMessage {
        esm_class: 0x40,
        ..submission("\u{5}\0\u{3}\u{7}\u{2}\u{1}hi")
    };
    assert!(is_as_written(part).await);
}

#[tokio::test]
async fn messages_and_receipts_go_to_the_bind_that_receives() {
    let line = Line::open(json!({})).await;
    let transmitter = line.bind(BindMode::Transmitter).await;
    let receiver = line.bind(BindMode::Receiver).await;
    let message = Outbound {
        from: Some(Address::new("tel", "+27831234567")),
        to: Address::new("tel", "8864"),
        ..outbound("Où ça? €")
    };
    line.send(&message).await.expect("it is taken");
    let came = receiver.came().await;
    assert_eq!(
        (came.source, came.destination.address.as_str()),
        (international("27831234567"), "8864")
    );
    assert_eq!((came.data_coding, came.esm_class), (8, 0));
    let report = Report {
        message: "0193".into(),
        status: ReportedStatus::Delivered,
        reason: None,
        at: Timestamp::from_micros(1_795_422_600_000_000),
        noted: Object::new(),
    };
    let message = Outbound {
        helper_metadata: report.as_metadata(),
        ..message
    };
    line.send(&message).await.expect("it is taken");
    let came = receiver.came().await;
    assert_eq!(came.esm_class, 0x04);
    assert!(came.short_message.starts_with(b"id:0193 "));
    assert_eq!(came.tlvs.number(tlv::MESSAGE_STATE), Some(2));
    drop(transmitter);
}

#[tokio::test(start_paused = true)]
async fn what_a_system_does_not_take_waits_or_ends() {
    let line = Line::open(json!({})).await;
    let message = outbound("hi");
    assert_eq!(line.send(&message).await, Err(SendErrorKind::Unreachable));
    let esme = line.bind(BindMode::Transceiver).await;
    for (status, expected) in [
        (CommandStatus::THROTTLED, SendErrorKind::Throttled),
        (CommandStatus::QUEUE_FULL, SendErrorKind::Throttled),
        (CommandStatus::SYSTEM_ERROR, SendErrorKind::Temporary),
        (CommandStatus(0x400), SendErrorKind::Temporary),
        (CommandStatus::RECEIVER_PERMANENT, SendErrorKind::Permanent),
    ] {
        esme.will([Answer::refused(status)]);
        assert_eq!(line.send(&message).await, Err(expected), "{status}");
    }
    line.send(&message).await.expect("it is taken");
}

#[tokio::test(start_paused = true)]
async fn who_is_too_fast_is_told_so() {
    let line = Line::open(json!({"throughput": 10})).await;
    let esme = line.bind(BindMode::Transceiver).await;
    let mut taken = 0;
    for _ in 0..600 {
        taken += u32::from(status(&esme.submit(submission("hi")).await) == CommandStatus::OK);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Half a minute, and what may come at once.
    assert!((300..=306).contains(&taken), "{taken}");
    assert_eq!(line.line.door.submissions().len() as u32, taken);
}

#[tokio::test]
async fn a_channel_that_ends_unbinds_its_systems() {
    let line = Line::open(json!({})).await;
    let esme = line.bind(BindMode::Transceiver).await;
    line.stop.send_replace(true);
    soon(line.running).await.expect("it ends");
    assert_eq!(esme.over().await, EndReason::UnboundByPeer);
}
