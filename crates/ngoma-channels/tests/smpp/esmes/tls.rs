//! The same within TLS.

use super::{Esme, send, takes_messages_and_receipts};
use crate::pem::Pem;
use crate::server::Server;
use crate::systems::Systems;
use ngoma_smpp::EndReason;
use ngoma_smpp::pdu::BindMode;
use serde_json::json;

#[tokio::test]
async fn every_esme_binds_within_tls() {
    let pem = Pem::write();
    for esme in Esme::ALL {
        let mut server = Systems::within_tls(&pem.certificates).await;
        let port = server.port().to_string();
        let mut peer = esme.start(&[&port, "bind_transceiver", &pem.authority]);
        assert_eq!(peer.says("bound").await["bound"], json!(0), "{esme:?}");
        server.bound(&[BindMode::Transceiver]).await;
        let text = "secretly ".repeat(40);
        let order = json!({"text": text, "coding": 0, "long": "udh"});
        let (whole, _) = send(&mut peer, &mut server, order).await;
        assert_eq!(whole, text, "{esme:?}");
        takes_messages_and_receipts(&mut peer, &mut server, esme).await;
        peer.tell(json!({"unbind": true})).await;
        assert_eq!(peer.says("unbound").await, json!(0), "{esme:?}");
        server.ends(EndReason::UnboundByPeer).await;
    }
}
