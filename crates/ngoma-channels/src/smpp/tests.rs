//! A channel against an SMSC of this test: binds, messages, receipts, and what goes wrong between.

use super::Smpp;
use crate::test_line::{TestLine, check_described, check_refused, outbound};
use ngoma_engine::channel::{LateAnswer, Outbound, PartHeader, SendError, SendErrorKind, Sent, Shutdown, ToldIn};
use ngoma_message::DeliveryStatus;
use ngoma_smpp::pdu::{Operation, ShortMessage, SmeAddress};
use ngoma_smpp::tlv::{self, Tlvs};
use ngoma_smpp::{Answer, CommandStatus, Handle};
use ngoma_testkit::{Certificates, Smsc};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("soon")
}

/// A channel that runs, bound to an SMSC.
struct Channel {
    smsc: Smsc,
    session: Handle,
    line: TestLine,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Channel {
    async fn open(settings: Value) -> Self {
        let smsc = Smsc::start().await;
        let (line, stop, running) = run(&smsc, settings);
        let session = smsc.bound().await;
        Self {
            smsc,
            session,
            line,
            stop,
            running,
        }
    }

    async fn send(&self, message: Outbound) -> Result<Option<String>, SendErrorKind> {
        soon(self.line.transport.ready()).await;
        let sent = soon(self.line.transport.send(&message)).await;
        sent.map(|sent| sent.provider_id).map_err(|error| error.kind)
    }

    /// Sends a message whose answer the test does not wait for.
    async fn begin_sending(&self) -> JoinHandle<Result<Sent, SendError>> {
        soon(self.line.transport.ready()).await;
        let transport = Arc::clone(&self.line.transport);
        tokio::spawn(async move { transport.send(&outbound("hi")).await })
    }

    async fn close(self) {
        self.stop.send(true).unwrap();
        soon(self.running).await.unwrap();
    }
}

fn run(smsc: &Smsc, settings: Value) -> (TestLine, watch::Sender<bool>, JoinHandle<()>) {
    let mut config = json!({
        "hosts": [format!("127.0.0.1:{}", smsc.port())],
        "allow_private": true,
        "system_id": "clinic",
        "password": "drum",
    });
    let (all, more) = (config.as_object_mut().unwrap(), settings);
    all.extend(more.as_object().unwrap().clone());
    let line = TestLine::open_at(&Smpp, &config, Some("8864"));
    let (stop, shutdown) = Shutdown::new();
    let transport = Arc::clone(&line.transport);
    let running = tokio::spawn(async move { transport.run(shutdown).await.unwrap() });
    (line, stop, running)
}

fn receipt(text: &str) -> ShortMessage {
    ShortMessage {
        esm_class: 0x04,
        short_message: text.to_owned().into(),
        ..ShortMessage::default()
    }
}

#[tokio::test]
async fn a_message_is_sent_and_its_id_is_known() {
    let channel = Channel::open(json!({"receipts": "all", "validity": "90m", "service_type": "CMT"})).await;
    assert_eq!(channel.send(outbound("Hello €")).await, Ok(Some("m1".into())));
    let came = channel.smsc.came().await;
    let address = |ton, npi, address: &str| SmeAddress {
        ton,
        npi,
        address: address.into(),
    };
    let expected = ShortMessage {
        service_type: "CMT".into(),
        source: address(0, 0, "8864"),
        destination: address(1, 1, "27831234567"),
        registered_delivery: 0x11,
        validity_period: "000000013000000R".into(),
        short_message: b"Hello \x1Be".to_vec().into(),
        ..ShortMessage::default()
    };
    assert_eq!(came, expected);
    let asked = channel.smsc.asked().remove(0);
    assert_eq!((asked.system_id.as_str(), asked.password.as_str()), ("clinic", "drum"));
    channel.close().await;
}

#[tokio::test]
async fn a_long_text_goes_in_parts_written_as_the_whole_is() {
    let channel = Channel::open(json!({})).await;
    let whole = "a".repeat(70) + "ç";
    let parts = channel.line.transport.parts(&outbound(&whole));
    assert_eq!(parts.len(), 2);
    for (number, part) in (1..).zip(&parts) {
        let message = Outbound {
            whole: Some(whole.as_str().into()),
            part: PartHeader::new(0x1234, 2, number),
            ..outbound(part)
        };
        assert_eq!(channel.send(message).await, Ok(Some(format!("m{number}"))));
        let came = channel.smsc.came().await;
        assert_eq!((came.data_coding, came.esm_class), (8, 0x40));
        assert_eq!(came.short_message[..6], [5, 0, 3, 0x34, 2, number]);
    }
    channel.close().await;
}

#[tokio::test]
async fn what_a_refusal_means_is_the_tables() {
    let channel = Channel::open(json!({"errors": {"ESME_RSUBMITFAIL": "temporary", "0x400": "throttled"}})).await;
    for (status, expected) in [
        (CommandStatus::THROTTLED, SendErrorKind::Throttled),
        (CommandStatus::SYSTEM_ERROR, SendErrorKind::Temporary),
        (CommandStatus::INVALID_DESTINATION_ADDRESS, SendErrorKind::Permanent),
        (CommandStatus::INVALID_SOURCE_ADDRESS, SendErrorKind::Misconfigured),
        (CommandStatus::SUBMIT_FAILED, SendErrorKind::Temporary),
        (CommandStatus(0x400), SendErrorKind::Throttled),
    ] {
        channel.smsc.will([Some(Answer::refused(status))]);
        assert_eq!(channel.send(outbound("hi")).await, Err(expected), "{status}");
    }
    channel.close().await;
}

/// F1: the link dies before the answer.
#[tokio::test]
async fn a_message_without_an_answer_may_have_been_taken() {
    let channel = Channel::open(json!({})).await;
    channel.smsc.will([None]);
    let sending = channel.begin_sending().await;
    channel.smsc.came().await;
    channel.smsc.cut();
    let error = soon(sending).await.unwrap().unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Ambiguous, "{error}");
    // It binds again by itself.
    channel.smsc.bound().await;
    // The one whose answer was lost was taken as m1.
    assert_eq!(channel.send(outbound("again")).await, Ok(Some("m2".into())));
    channel.close().await;
}

/// F13: the network is gone and says nothing.
#[tokio::test]
async fn a_link_that_is_half_open_is_found_out_and_made_again() {
    let settings = json!({"enquire_after": "50ms", "response_timeout": "300ms", "reconnect_after": "10ms"});
    let channel = Channel::open(settings).await;
    channel.smsc.half_open().await;
    let sending = channel.begin_sending().await;
    let error = soon(sending).await.unwrap().unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Ambiguous, "{error}");
    channel.smsc.bound().await;
    assert_eq!(channel.send(outbound("again")).await, Ok(Some("m1".into())));
    channel.close().await;
}

/// F10: while the store is slow the carrier keeps what it has: no more is taken than may be unanswered.
#[tokio::test]
async fn no_more_is_taken_than_may_be_unanswered() {
    let channel = Channel::open(json!({"window": 3})).await;
    let gate = channel.line.door.close_gate().await;
    let deliveries: Vec<_> = (0..10)
        .map(|number| {
            let session = channel.session.clone();
            let message = ShortMessage {
                short_message: format!("text {number}").into(),
                ..ShortMessage::default()
            };
            tokio::spawn(async move { session.send(Operation::Deliver, message).await })
        })
        .collect();
    soon(async {
        while channel.line.door.waiting() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(channel.line.door.waiting(), 3);
    drop(gate);
    for delivery in deliveries {
        assert_eq!(soon(delivery).await.unwrap(), taken());
    }
    assert_eq!(channel.line.door.inbound().len(), 10);
    channel.close().await;
}

/// F1: the receipt of a message whose answer was lost tells that it was taken, under which id.
#[tokio::test]
async fn a_receipt_tells_of_a_message_whose_answer_was_lost() {
    let channel = Channel::open(json!({"message_reference": true})).await;
    channel.line.door.knows("a-1");
    let receipt_for = |person: &str, reference: Option<u16>| {
        let tlvs = reference
            .map(|reference| Tlvs::default().with(tlv::USER_MESSAGE_REFERENCE, reference.to_be_bytes().to_vec()));
        ShortMessage {
            source: SmeAddress {
                ton: 1,
                npi: 1,
                address: person.into(),
            },
            tlvs: tlvs.unwrap_or_default(),
            ..receipt("id:late-1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:")
        }
    };
    channel.line.door.holds_receipts();
    channel.smsc.will([None]);
    let sending = channel.begin_sending().await;
    let came = channel.smsc.came().await;
    let reference: u16 = came
        .tlvs
        .number(tlv::USER_MESSAGE_REFERENCE)
        .unwrap()
        .try_into()
        .unwrap();
    channel.smsc.cut();
    soon(sending).await.unwrap().unwrap_err();
    let session = channel.smsc.bound().await;
    let status = |outcome| match outcome {
        ngoma_smpp::Outcome::Answered(Answer { status, .. }) => status,
        other => panic!("{other:?}"),
    };
    let person = "27831234567";
    for other in [
        receipt_for("27830000000", Some(reference)),
        receipt_for(person, Some(reference.wrapping_add(1))),
    ] {
        soon(session.send(Operation::Deliver, other)).await;
        assert!(channel.line.door.answers().is_empty(), "it is of another message");
    }
    channel.line.door.refuse_answers(true);
    let refused = soon(session.send(Operation::Deliver, receipt_for(person, Some(reference)))).await;
    assert_eq!(status(refused), CommandStatus::QUEUE_FULL, "it comes again");
    channel.line.door.refuse_answers(false);
    soon(session.send(Operation::Deliver, receipt_for(person, Some(reference)))).await;
    let expected = LateAnswer {
        message: "a-1".into(),
        result: Ok(Sent {
            provider_id: Some("late-1".into()),
        }),
        told_in: ToldIn::Receipt,
    };
    assert_eq!(channel.line.door.answers(), [expected]);
    channel.close().await;
}

#[tokio::test]
async fn a_carrier_is_spoken_to_within_tls() {
    let smsc = Smsc::start().await;
    let certificates = Certificates::of_this_machine();
    let tls = ngoma_smpp::tls::Server::new(&certificates.chain, &certificates.key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap().port();
    let behind = smsc.port();
    tokio::spawn(async move {
        while let Ok((link, _)) = listener.accept().await {
            let Ok(mut link) = tls.accept(link).await else { continue };
            let mut plain = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut link, &mut plain).await });
        }
    });
    let hosts = json!([format!("localhost:{front}")]);
    let settings = json!({"hosts": hosts, "tls": true, "tls_authorities": certificates.authority});
    let (line, stop, running) = run(&smsc, settings);
    smsc.bound().await;
    soon(line.transport.ready()).await;
    soon(line.transport.send(&outbound("secretly"))).await.unwrap();
    assert_eq!(smsc.came().await.short_message, "secretly");
    stop.send(true).unwrap();
    soon(running).await.unwrap();

    // An authority that did not vouch for it.
    let stranger = Certificates::of_this_machine().authority;
    let settings = json!({"hosts": hosts, "tls": true, "tls_authorities": stranger});
    let (line, stop, running) = run(&smsc, settings);
    let reason = soon(async {
        loop {
            let error = line.transport.send(&outbound("hi")).await.unwrap_err();
            if error.reason.contains("certificate") {
                return error.reason;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(reason.contains("invalid peer certificate"), "{reason}");
    stop.send(true).unwrap();
    soon(running).await.unwrap();
    check_refused(
        &Smpp,
        json!({"hosts": ["h"], "system_id": "s", "tls": true, "tls_authorities": "none"}),
        "tls_authorities",
        "no certificate is in it",
    );
}

#[tokio::test]
async fn what_was_sent_is_answered_before_the_channel_closes() {
    let channel = Channel::open(json!({})).await;
    let gate = channel.smsc.hold().await;
    let sending = channel.begin_sending().await;
    channel.smsc.came().await;
    channel.stop.send(true).unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!sending.is_finished() && !channel.running.is_finished());
    drop(gate);
    assert_eq!(soon(sending).await.unwrap().unwrap().provider_id.as_deref(), Some("m1"));
    soon(channel.running).await.unwrap();
}

#[tokio::test]
async fn without_a_bind_nothing_is_lost_and_the_reason_is_told() {
    let smsc = Smsc::start().await;
    smsc.refuse_binds(Some(CommandStatus::INVALID_PASSWORD));
    let (line, stop, running) = run(&smsc, json!({}));
    soon(async {
        loop {
            let error = line.transport.send(&outbound("hi")).await.unwrap_err();
            assert_eq!(error.kind, SendErrorKind::Unreachable);
            if error.reason.contains("ESME_RINVPASWD") {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    smsc.refuse_binds(None);
    smsc.bound().await;
    soon(line.transport.ready()).await;
    assert!(line.transport.send(&outbound("hi")).await.is_ok());
    stop.send(true).unwrap();
    soon(running).await.unwrap();
}

#[tokio::test]
async fn receipts_and_messages_come_in() {
    let channel = Channel::open(json!({})).await;
    let deliver = |message| channel.session.send(Operation::Deliver, message);
    let text = "id:0Ab sub:001 dlvrd:000 submit date:2611270930 done date:2611270931 stat:UNDELIV err:027 text:Hi";
    let by_tlvs = ShortMessage {
        tlvs: Tlvs::default()
            .with(tlv::RECEIPTED_MESSAGE_ID, b"77\0".to_vec())
            .with(tlv::MESSAGE_STATE, vec![2]),
        ..receipt("")
    };
    let unreadable = receipt("all is well");
    for id in ["0Ab", "77", "bulk_1", "own"] {
        channel.line.door.knows(id);
    }
    let notification = ShortMessage {
        esm_class: 0x20,
        ..receipt("id:bulk_1 stat:UNDELIV")
    };
    let own_word = receipt("id:own stat:INQUEUE");
    for message in [receipt(text), by_tlvs, unreadable, notification, own_word] {
        assert_eq!(soon(deliver(message)).await, taken());
    }
    let reports = channel.line.door.receipts();
    let told: Vec<_> = reports
        .iter()
        .map(|report| (report.status, report.reason.as_deref()))
        .collect();
    let expected = [
        (DeliveryStatus::Failed, Some("UNDELIV, error 027")),
        (DeliveryStatus::Delivered, None),
        // More is to come of these.
        (DeliveryStatus::Pending, Some("UNDELIV")),
        (DeliveryStatus::Pending, Some("INQUEUE")),
    ];
    assert_eq!(told, expected);

    let message = ShortMessage {
        source: SmeAddress {
            ton: 1,
            npi: 1,
            address: "27831234567".into(),
        },
        destination: SmeAddress {
            address: "8864".into(),
            ..SmeAddress::default()
        },
        esm_class: 0x40,
        short_message: [&[5, 0, 3, 9, 2, 1][..], b"Hi \x1Be"].concat().into(),
        ..ShortMessage::default()
    };
    assert_eq!(soon(deliver(message)).await, taken());
    let inbound = channel.line.door.next_inbound().await;
    assert_eq!(inbound.content.as_deref(), Some("Hi €"));
    assert_eq!((inbound.from.value(), inbound.to.value()), ("+27831234567", "8864"));
    assert_eq!(inbound.part, PartHeader::new(9, 2, 1));
    channel.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_in_in_their_order() {
    let channel = Channel::open(json!({})).await;
    // No more than the window: these leave in their order.
    let sending: Vec<_> = (0..60)
        .map(|number| {
            let message = ShortMessage {
                short_message: number.to_string().into(),
                ..ShortMessage::default()
            };
            let session = channel.session.clone();
            async move { session.send(Operation::Deliver, message).await }
        })
        .collect();
    let answered = soon(futures_util::future::join_all(sending)).await;
    assert!(answered.iter().all(|outcome| *outcome == taken()));
    let came: Vec<_> = channel
        .line
        .door
        .inbound()
        .into_iter()
        .map(|inbound| inbound.content.unwrap())
        .collect();
    assert_eq!(came, (0..60).map(|number| number.to_string()).collect::<Vec<_>>());
    channel.close().await;
}

fn turn(operation: u8, session: [u8; 2], text: &str) -> ShortMessage {
    ShortMessage {
        source: SmeAddress {
            ton: 1,
            npi: 1,
            address: "27831234567".into(),
        },
        destination: SmeAddress {
            address: "8864".into(),
            ..SmeAddress::default()
        },
        short_message: text.to_owned().into(),
        tlvs: Tlvs::default()
            .with(tlv::USSD_SERVICE_OP, vec![operation])
            .with(tlv::ITS_SESSION_INFO, session.to_vec()),
        ..ShortMessage::default()
    }
}

#[tokio::test]
async fn a_ussd_session_goes_turn_by_turn() {
    let channel = Channel::open(json!({"ussd": true})).await;
    let deliver = |message| channel.session.send(Operation::Deliver, message);
    for (operation, session, text, event, content, said, answer) in [
        (1, [7, 0], "*120*8864#", "new", None, None, (2, [7, 2])),
        (18, [7, 2], "1", "resume", Some("1"), Some("close"), (17, [7, 5])),
    ] {
        assert_eq!(soon(deliver(turn(operation, session, text))).await, taken());
        let asked = soon(channel.line.door.next_inbound()).await;
        let found = asked.session.clone().unwrap();
        assert_eq!((found.key.as_str(), found.event), ("+27831234567/07", event.into()));
        assert_eq!(asked.content.as_deref(), content);
        let sent = soon(channel.line.reply(&asked, "Welcome.", said.map(Into::into))).await;
        assert!(sent.is_ok(), "{sent:?}");
        let screen = channel.smsc.came().await;
        assert_eq!(screen.tlvs.number(tlv::USSD_SERVICE_OP), Some(answer.0));
        assert_eq!(
            screen.tlvs.get(tlv::ITS_SESSION_INFO).map(|info| &info[..]),
            Some(&answer.1[..])
        );
        assert_eq!(
            (screen.source.address.as_str(), &screen.short_message[..]),
            ("8864", &b"Welcome."[..])
        );
        assert_eq!(screen.destination.address, "27831234567");
        assert_eq!(screen.registered_delivery, 0);
    }
    let alone = channel.line.transport.send(&outbound("hi")).await;
    assert_eq!(alone.unwrap_err().kind, SendErrorKind::Permanent);
    channel.close().await;
}

#[tokio::test]
async fn a_person_whose_service_fails_or_is_late_gets_the_fallback_once() {
    let channel = Channel::open(json!({"ussd": true, "ussd_fallback": "Later.", "ussd_deadline": "50ms"})).await;
    for is_given_up in [true, false] {
        let dialled = turn(1, [9, 0], "*120*8864#");
        assert_eq!(soon(channel.session.send(Operation::Deliver, dialled)).await, taken());
        let asked = soon(channel.line.door.next_inbound()).await;
        if is_given_up {
            soon(channel.line.transport.give_up(&asked.id, "it failed")).await;
        }
        let screen = channel.smsc.came().await;
        assert_eq!(screen.short_message[..], b"Later."[..]);
        assert_eq!(screen.tlvs.number(tlv::USSD_SERVICE_OP), Some(17));
        soon(channel.line.transport.give_up(&asked.id, "again")).await;
    }
    soon(async {
        while channel.line.door.fallbacks().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    channel.close().await;
}

fn taken() -> ngoma_smpp::Outcome {
    ngoma_smpp::Outcome::Answered(Answer::default())
}

#[test]
fn the_settings_described_are_those_read() {
    let mut config = json!({
        "hosts": ["smsc.example.org"], "allow_private": true, "system_id": "clinic", "password": "drum",
        "system_type": "", "bind": "pair", "binds": 2, "address_range": "", "bind_ton": 0, "bind_npi": 0,
        "source_ton": 5, "source_npi": 0, "destination_ton": 1, "destination_npi": 1, "service_type": "CMT",
        "protocol_id": 0, "priority": 1, "validity": "120m", "long": "sar", "languages": ["tr"],
        "transliterate": true, "codings": {"0": "latin1"}, "gsm_data_coding": 0, "ucs2_data_coding": 8,
        "receipts": "final", "receipt_signs": ["esm_class", "text"], "receipt_states": {"NOROUTE": "failed"},
        "errors": {"0x400": "permanent"}, "window": 10, "response_timeout": "30s", "enquire_after": "15s",
        "reconnect_after": "5s", "ussd": false, "ussd_deadline": "8s", "ussd_fallback": "Later.",
        "ussd_session_tag": 516, "ussd_operations": {"input": 2},
    });
    for (name, value) in [
        ("tls", json!(false)),
        ("tls_authorities", json!("")),
        ("make_before_break", json!(true)),
    ] {
        config[name] = value;
    }
    config["message_reference"] = json!(true);
    config["receipt_regex"] = json!("(?<id>.+) (?<stat>.+)");
    check_described(&Smpp, &config);
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let check = |name: &str, value: Value, problem: &str| {
        let mut config = json!({"hosts": ["smsc.example.org"], "system_id": "clinic"});
        config[name] = value;
        check_refused(&Smpp, config, name, problem);
    };
    check("hosts", json!([]), "is from 1 to 16");
    check("hosts", json!(["smpp://x"]), "is no host");
    check("system_id", json!("a name of sixteen"), "at most 15 characters");
    check("password", json!("ninechars"), "at most 8 characters");
    check("binds", json!(0), "is from 1 to 32");
    check("priority", json!(4), "is from 0 to 3");
    check("languages", json!(["xx"]), "has no tables: tr, es");
    check("codings", json!({"0": "morse"}), "is no coding: gsm, ");
    check("codings", json!({"256": "gsm"}), "is no data_coding");
    check("errors", json!({"ESME_ROOPS": "permanent"}), "is no status");
    check("ussd_fallback", json!("x".repeat(183)), "longer than a screen");
    let config = json!({"hosts": ["x"], "system_id": "clinic", "receipt_states": {"X": "lost"}});
    check_refused(&Smpp, config, "receipt_states.X", "unknown variant `lost`");
}
