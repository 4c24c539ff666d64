//! What an ESME is told when its message is not taken.

use crate::peer::Peer;
use ngoma_smpp::{Answer, CommandStatus};
use ngoma_testkit::Smsc;
use serde_json::json;

#[tokio::test]
async fn npm_smpp_is_told_what_is_refused() {
    let smsc = Smsc::start().await;
    let port = smsc.port().to_string();
    let mut esme = Peer::node("esme.js", &[&port, "bind_transceiver"]);
    let _session = smsc.bound().await;
    assert_eq!(esme.says("bound").await, json!({"bound": 0, "smsc": "smsc"}));
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
