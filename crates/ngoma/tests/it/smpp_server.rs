//! An account's own system through the whole program: what it hands over goes to a carrier, and what people send and what
//! became of its messages comes back to it.

use crate::processes::{until, worker_of};
use crate::program::{Server, path_text, run};
use ngoma_smpp::pdu::{BindMode, Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{Answer, CommandStatus, Handle, Outcome, tlv};
use ngoma_testkit::process::free_port;
use ngoma_testkit::{Certificates, Esme, Smsc, esme};
use std::time::Duration;
use tokio::net::TcpStream;

/// A program whose account `test` sends by a carrier what its system `records` hands over.
struct Scene {
    server: Server,
    smsc: Smsc,
    carrier: Handle,
    port: u16,
}

impl Scene {
    async fn open() -> Self {
        let port = free_port().unwrap();
        Self::with(port, &format!("[smpp]\nlisten = \"127.0.0.1:{port}\"\n")).await
    }

    async fn with(port: u16, settings: &str) -> Self {
        let smsc = Smsc::start().await;
        let toml = format!(
            r#"
            [account.test.channel.sms]
            type = "smpp"
            address = "8864"
            country = "ZA"
            config = {{ hosts = ["127.0.0.1:{}"], allow_private = true, system_id = "clinic", reconnect_after = "100ms" }}
            [account.test.channel.systems]
            type = "smpp_server"
            address = "8864"
            country = "ZA"
            config = {{ system_id = "records", password = "drum", senders = ["Clinic"] }}
            [account.test.service.records]
            kind = "relay"
            config = {{ channel = "systems" }}
            [[account.test.route]]
            channel = "sms"
            service = "records"
            "#,
            smsc.port()
        );
        let server = Server::with_settings(settings, &toml).await;
        let carrier = soon(smsc.bound()).await;
        Self {
            server,
            smsc,
            carrier,
            port,
        }
    }

    async fn bind(&self, mode: BindMode) -> Esme {
        let bind = esme::bind(mode, "records", "drum");
        soon(async {
            loop {
                // A channel that was declared a moment ago may not be on the switchboard yet; a worker may begin.
                if let Ok(esme) = Esme::bind(self.port, &bind).await {
                    return esme;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
    }

    /// The carrier delivers.
    async fn delivers(&self, message: ShortMessage) {
        let outcome = soon(self.carrier.send(Operation::Deliver, message)).await;
        assert_eq!(outcome, Outcome::Answered(Answer::default()));
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what)
        .await
        .expect("it comes soon")
}

fn phone() -> SmeAddress {
    SmeAddress {
        ton: 1,
        npi: 1,
        address: "27831234567".into(),
    }
}

fn submission(text: &[u8]) -> ShortMessage {
    ShortMessage {
        destination: phone(),
        registered_delivery: 1,
        short_message: text.to_vec().into(),
        ..ShortMessage::default()
    }
}

fn receipt_of(id: &str, state: &str) -> ShortMessage {
    ShortMessage {
        esm_class: 0x04,
        short_message: format!("id:{id} sub:001 dlvrd:001 stat:{state} err:027 text:").into(),
        ..ShortMessage::default()
    }
}

fn id_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(answer) if answer.status.is_ok() => answer.response.message_id.clone(),
        other => panic!("{other:?}"),
    }
}

fn text_of(message: &ShortMessage) -> String {
    String::from_utf8_lossy(&message.short_message).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_systems_messages_go_to_the_carrier_and_their_receipts_come_back() {
    let scene = Scene::open().await;
    let system = scene.bind(BindMode::Transceiver).await;
    let delivered = id_of(&system.submit(submission(b"one")).await);
    let named = ShortMessage {
        source: SmeAddress {
            ton: 5,
            npi: 0,
            address: "Clinic".into(),
        },
        ..submission(b"two")
    };
    let failed = id_of(&system.submit(named).await);
    let [first, second] = [scene.smsc.came().await, scene.smsc.came().await];
    assert_eq!(
        (first.source.address.as_str(), text_of(&first).as_str()),
        ("8864", "one")
    );
    assert_eq!(
        (second.source.address.as_str(), text_of(&second).as_str()),
        ("Clinic", "two")
    );
    assert_eq!(first.destination, phone());

    scene.delivers(receipt_of("m1", "DELIVRD")).await;
    let receipt = soon(system.came()).await;
    assert_eq!((receipt.esm_class, receipt.source), (0x04, phone()));
    assert_eq!(receipt.destination.address, "8864");
    assert_eq!(receipt.tlvs.text(tlv::RECEIPTED_MESSAGE_ID), Some(delivered.clone()));
    let text = String::from_utf8_lossy(&receipt.short_message).into_owned();
    assert!(
        text.starts_with(&format!("id:{delivered} sub:001 dlvrd:001 ")),
        "{text}"
    );
    assert!(text.ends_with("stat:DELIVRD err:000 text:one"), "{text}");

    scene.delivers(receipt_of("m2", "UNDELIV")).await;
    let receipt = soon(system.came()).await;
    let text = text_of(&receipt);
    assert!(
        text.starts_with(&format!("id:{failed} ")) && text.contains("stat:UNDELIV err:027"),
        "{text}"
    );
    assert_eq!(receipt.destination.address, "Clinic");

    // The carrier refuses it for good.
    scene
        .smsc
        .will([Some(Answer::refused(CommandStatus::INVALID_DESTINATION_ADDRESS))]);
    let refused = id_of(&system.submit(submission(b"three")).await);
    let text = text_of(&soon(system.came()).await);
    assert!(
        text.starts_with(&format!("id:{refused} ")) && text.contains("stat:REJECTD"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_the_system_cut_arrives_as_it_was_cut() {
    let scene = Scene::open().await;
    let system = scene.bind(BindMode::Transceiver).await;
    // The second part alone would fit the GSM alphabet.
    let parts = [("ç 1".encode_utf16(), 1), ("and 2".encode_utf16(), 2)];
    for (text, number) in parts {
        let header = [5, 0, 3, 0x77, 2, number];
        let octets = header.into_iter().chain(text.flat_map(u16::to_be_bytes));
        let message = ShortMessage {
            esm_class: 0x40,
            data_coding: 8,
            ..submission(&octets.collect::<Vec<_>>())
        };
        id_of(&system.submit(message.clone()).await);
        let came = scene.smsc.came().await;
        assert_eq!((came.esm_class, came.data_coding), (0x40, 8));
        assert_eq!(came.short_message, message.short_message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_send_waits_for_a_system_that_is_away() {
    let scene = Scene::open().await;
    let system = scene.bind(BindMode::Transceiver).await;
    let said = |text: &str| ShortMessage {
        source: phone(),
        destination: SmeAddress {
            address: "8864".into(),
            ..SmeAddress::default()
        },
        short_message: text.to_owned().into(),
        ..ShortMessage::default()
    };
    scene.delivers(said("first")).await;
    let came = soon(system.came()).await;
    assert_eq!((came.source.clone(), text_of(&came).as_str()), (phone(), "first"));
    let id = id_of(&system.submit(submission(b"answer")).await);
    scene.smsc.came().await;
    system.unbind().await;

    scene.delivers(said("second")).await;
    scene.delivers(receipt_of("m1", "DELIVRD")).await;
    // The program begins anew meanwhile.
    let worker = worker_of(scene.server.process.id()).unwrap();
    // SAFETY: kill takes two numbers and touches no memory of ours.
    assert_eq!(unsafe { libc::kill(worker as i32, libc::SIGKILL) }, 0);
    until("another worker runs", || {
        worker_of(scene.server.process.id()).is_some_and(|id| id != worker)
    })
    .await;
    let transmitter = scene.bind(BindMode::Transmitter).await;
    let receiver = scene.bind(BindMode::Receiver).await;
    let mut came = [
        text_of(&soon(receiver.came()).await),
        text_of(&soon(receiver.came()).await),
    ];
    came.sort();
    assert!(came[0].starts_with(&format!("id:{id} ")), "{came:?}");
    assert_eq!(came[1], "second");
    drop(transmitter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_binds_within_tls_and_a_reload_unbinds_it_in_order() {
    let certificates = Certificates::of_this_machine();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, &certificates.chain).unwrap();
    std::fs::write(&key, &certificates.key).unwrap();
    let port = free_port().unwrap();
    let settings = format!(
        "[smpp]\ntls_listen = \"127.0.0.1:{port}\"\ntls_certificate = {:?}\ntls_key = {:?}\n",
        path_text(&chain),
        path_text(&key)
    );
    let scene = Scene::with(port, &settings).await;
    let client = ngoma_smpp::tls::Client::new(Some(&certificates.authority)).unwrap();
    let bind = esme::bind(BindMode::Transceiver, "records", "drum");
    let bound = || async {
        let link = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let link = client.connect("localhost", link).await.ok()?;
        Esme::bind_on(link, &bind).await.ok()
    };
    let system = soon(async {
        loop {
            if let Some(esme) = bound().await {
                return esme;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    id_of(&system.submit(submission(b"secretly")).await);
    assert_eq!(text_of(&scene.smsc.came().await), "secretly");
    scene.server.process.signal(libc::SIGHUP).unwrap();
    assert_eq!(system.over().await, ngoma_smpp::EndReason::UnboundByPeer);
    soon(scene.smsc.bound()).await;
    // A certificate that was renewed badly takes nothing else down.
    std::fs::write(&chain, "nothing").unwrap();
    scene.server.process.signal(libc::SIGHUP).unwrap();
    soon(scene.smsc.bound()).await;
    assert!(soon(bound()).await.is_none());
    std::fs::write(&chain, &certificates.chain).unwrap();
    scene.server.process.signal(libc::SIGHUP).unwrap();
    soon(scene.smsc.bound()).await;
    // Whoever does not speak TLS is not let in, nor whoever asks for another name.
    assert!(soon(Esme::bind(port, &bind)).await.is_err());
    let link = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    assert!(client.connect("example.org", link).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_joined_is_refused_before_anything_is_stored() {
    let scene = Scene::open().await;
    let other = r#"
        [account.other.channel.systems]
        type = "smpp_server"
        config = { system_id = "records", password = "horn" }
    "#;
    let relay = |name: &str, channel: &str| {
        format!("[account.test.service.{name}]\nkind = \"relay\"\nconfig = {{ channel = \"{channel}\" }}\n")
    };
    for (toml, problem) in [
        (
            other.to_owned(),
            "channel other/systems: config.system_id: another channel has it",
        ),
        (
            relay("more", "sms"),
            "service test/more: channel test/sms is none that systems speak by",
        ),
        (relay("more", "systems"), "stands for channel test/systems already"),
        (
            relay("more", "nothing"),
            "service test/more: there is no channel test/nothing",
        ),
    ] {
        let output = scene.server.apply(&scene.server.write("wrong.toml", &toml));
        let error = crate::program::one_error_line(&output);
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = path_text(&folder.path().join("data")).to_owned();
    let file = folder.path().join("nothing.pem");
    std::fs::write(&file, "nothing").unwrap();
    let listen = ["--listen", "127.0.0.1:0", "--smpp-tls-listen", "127.0.0.1:0"];
    let check = |more: &[&str], part: &str| {
        let args = [&["serve", "--data", &data][..], &listen, more].concat();
        let error = crate::program::one_error_line(&run(&args, ""));
        assert!(error.contains(part), "{error}");
    };
    check(&[], "needs a certificate: name it with --smpp-tls-certificate");
    let named = [
        "--smpp-tls-certificate",
        path_text(&file),
        "--smpp-tls-key",
        path_text(&file),
    ];
    check(&named, "no private key is in it");
}
