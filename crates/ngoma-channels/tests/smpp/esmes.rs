//! Others' ESMEs against our end of the server's sessions.

use crate::peer::Peer;
use crate::soon;
use ngoma_smpp::pdu::{Operation, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, Outcome};
use ngoma_testkit::Smsc;
use serde_json::json;

fn receipt(id: &str) -> ShortMessage {
    ShortMessage {
        esm_class: ngoma_smpp::receipt::ESM_CLASS,
        short_message: format!("id:{id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:").into(),
        ..ShortMessage::default()
    }
}

#[tokio::test]
async fn npm_smpp_binds_submits_and_reads_receipts() {
    let smsc = Smsc::start().await;
    let port = smsc.port().to_string();
    for mode in ["bind_transceiver", "bind_transmitter", "bind_receiver"] {
        let mut esme = Peer::node("esme.js", &[&port, mode]);
        let session = smsc.bound().await;
        assert_eq!(esme.says("bound").await, json!({"bound": 0, "smsc": "smsc"}));
        let submit = json!({"submit": {"short_message": "Hello {€}", "destination_addr": "27831234567"}});
        esme.tell(submit).await;
        let submitted = esme.says("submitted").await;
        if mode == "bind_receiver" {
            assert_eq!(submitted["submitted"], json!(CommandStatus::INVALID_BIND_STATUS.0));
        } else {
            assert_eq!(submitted["submitted"], json!(0));
            let came = smsc.came().await;
            assert_eq!(came.short_message[..], b"Hello \x1B(\x1Be\x1B)"[..]);
            assert_eq!(came.destination.address, "27831234567");
        }
        let delivered = soon(session.send(Operation::Deliver, receipt("m1"))).await;
        if mode == "bind_transmitter" {
            // It answers what it should refuse; a server must not send it there.
            assert!(matches!(delivered, Outcome::Answered(_)), "{delivered:?}");
        } else {
            assert_eq!(delivered, Outcome::Answered(Answer::default()));
        }
        let deliver = esme.says("deliver").await;
        assert_eq!(deliver["esm_class"], json!(4));
        assert!(deliver["text"].as_str().unwrap().starts_with("id:m1 "));
        esme.tell(json!({"unbind": true})).await;
        assert_eq!(esme.says("unbound").await, json!(0));
    }
}

#[tokio::test]
async fn npm_smpp_is_told_what_is_refused() {
    let smsc = Smsc::start().await;
    let port = smsc.port().to_string();
    let mut esme = Peer::node("esme.js", &[&port, "bind_transceiver"]);
    let _session = smsc.bound().await;
    esme.says("bound").await;
    smsc.will([Some(Answer::refused(CommandStatus::THROTTLED))]);
    esme.tell(json!({"submit": {"short_message": "hi", "destination_addr": "1"}}))
        .await;
    assert_eq!(esme.says("submitted").await, json!({"submitted": 0x58, "id": ""}));
    let (long, service) = ("7".repeat(25), "TOOLONG");
    esme.tell(json!({"submit": {"short_message": "hi", "destination_addr": "1", "service_type": service}}))
        .await;
    assert_eq!(
        esme.says("submitted").await["submitted"],
        json!(CommandStatus::INVALID_SERVICE_TYPE.0)
    );
    esme.tell(json!({"submit": {"short_message": "hi", "destination_addr": long}}))
        .await;
    let status = CommandStatus::INVALID_DESTINATION_ADDRESS.0;
    assert_eq!(esme.says("submitted").await["submitted"], json!(status));
    // The bind stays.
    esme.tell(json!({"submit": {"short_message": "hi", "destination_addr": "1"}}))
        .await;
    assert_eq!(esme.says("submitted").await["submitted"], json!(0));
}

#[tokio::test]
async fn smpplib_binds_submits_in_parts_and_reads_receipts() {
    let smsc = Smsc::start().await;
    let port = smsc.port().to_string();
    let mut esme = Peer::python("esme.py", &[&port, "bind_transceiver"]);
    let session = smsc.bound().await;
    assert_eq!(esme.says("bound").await, json!({"bound": 0, "smsc": "smsc"}));
    for (text, data_coding, sizes) in [
        ("Hello {€}".to_owned(), 0, vec![12]),
        ("a".repeat(200), 0, vec![159, 53]),
        ("ç".repeat(100), 8, vec![140, 72]),
    ] {
        esme.tell(json!({ "submit": text })).await;
        for size in sizes {
            assert_eq!(esme.says("submitted").await["submitted"], json!(0));
            let came = smsc.came().await;
            assert_eq!(
                (came.data_coding, came.short_message.len()),
                (data_coding, size),
                "{text}"
            );
        }
    }
    let delivered = soon(session.send(Operation::Deliver, receipt("m1"))).await;
    assert_eq!(delivered, Outcome::Answered(Answer::default()));
    assert_eq!(esme.says("deliver").await["esm_class"], json!(4));
    esme.tell(json!({"unbind": true})).await;
    assert_eq!(esme.says("unbound").await, json!(0));
}
