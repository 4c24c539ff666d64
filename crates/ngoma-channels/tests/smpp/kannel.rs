//! Kannel as an ESME: its bearerbox binds to our end of a server's session, and its sendsms service is asked to send.

use crate::soon;
use ngoma_smpp::Outcome;
use ngoma_smpp::pdu::{Operation, ShortMessage};
use ngoma_testkit::Smsc;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A Kannel that runs.
struct Kannel {
    _folder: TempDir,
    _boxes: Vec<Child>,
    sendsms: u16,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Kannel {
    async fn start(smsc: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (admin, boxes, sendsms) = (free_port(), free_port(), free_port());
        let config = format!(
            "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = test\n\
             smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = 127.0.0.1\n\n\
             group = smsc\nsmsc = smpp\nsmsc-id = ngoma\nhost = 127.0.0.1\nport = {smsc}\nsmsc-username = kannel\n\
             smsc-password = secret\nsystem-type = \"\"\ntransceiver-mode = true\nmax-pending-submits = 10\n\n\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\nsendsms-interface = 127.0.0.1\n\n\
             group = sendsms-user\nusername = u\npassword = p\nmax-messages = 5\nconcatenation = true\n\n\
             group = sms-service\nkeyword = default\nmax-messages = 1\ntext = \"You said %a\"\n"
        );
        let file = folder.path().join("kannel.conf");
        std::fs::write(&file, config).unwrap();
        let bearerbox = start("bearerbox", &file);
        wait_for(boxes).await;
        let smsbox = start("smsbox", &file);
        wait_for(sendsms).await;
        Self {
            _folder: folder,
            _boxes: vec![smsbox, bearerbox],
            sendsms,
        }
    }

    /// Asks it to send; its parameters are those of Kannel's user guide, percent-encoded.
    async fn send(&self, parameters: &str) {
        let mut link = TcpStream::connect(("127.0.0.1", self.sendsms)).await.unwrap();
        let request = format!(
            "GET /cgi-bin/sendsms?username=u&password=p&from=31022&to=27831234567&{parameters} HTTP/1.0\r\n\r\n"
        );
        link.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        link.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(" 202 "), "{answer}");
    }
}

fn start(program: &str, config: &Path) -> Child {
    Command::new(format!("/usr/sbin/{program}"))
        .args(["-v", "4"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("kannel is installed")
}

async fn wait_for(port: u16) {
    soon(async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn kannel_binds_sends_in_every_coding_and_takes_messages_and_receipts() {
    let smsc = Smsc::start().await;
    let kannel = Kannel::start(smsc.port()).await;
    let session = smsc.bound().await;
    let asked = smsc.asked().remove(0);
    assert_eq!(
        (asked.system_id.as_str(), asked.password.as_str()),
        ("kannel", "secret")
    );

    kannel.send("text=Hello+%7B%E2%82%AC%7D&charset=utf-8").await;
    let came = smsc.came().await;
    assert_eq!(came.short_message[..], b"Hello \x1B(\x1Be\x1B)"[..]);
    assert_eq!(
        (came.destination.address.as_str(), came.source.address.as_str()),
        ("27831234567", "31022")
    );

    kannel.send("text=%C3%A7%F0%9F%98%80&charset=utf-8&coding=2").await;
    let came = smsc.came().await;
    assert_eq!(came.data_coding, 8);
    assert_eq!(came.short_message[..], [0, 0xE7, 0xD8, 0x3D, 0xDE, 0x00]);

    kannel.send(&format!("text={}", "a".repeat(200))).await;
    let parts = [smsc.came().await, smsc.came().await];
    for (number, part) in (1..).zip(&parts) {
        assert!(part.has_udh());
        assert_eq!(part.short_message[..3], [5, 0, 3]);
        assert_eq!(part.short_message[4..6], [2, number]);
    }

    let message = ShortMessage {
        source: ngoma_smpp::pdu::SmeAddress {
            ton: 1,
            npi: 1,
            address: "27831234567".into(),
        },
        destination: ngoma_smpp::pdu::SmeAddress {
            address: "31022".into(),
            ..Default::default()
        },
        short_message: "hello".into(),
        ..ShortMessage::default()
    };
    let delivered = soon(session.send(Operation::Deliver, message)).await;
    assert!(
        matches!(&delivered, Outcome::Answered(answer) if answer.status.is_ok()),
        "{delivered:?}"
    );
    assert_eq!(smsc.came().await.short_message[..], b"You said hello"[..]);
}
