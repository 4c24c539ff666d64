//! Both SMSCs within TLS.

use super::{Channel, binds, works};
use crate::peer::Peer;
use crate::pem::Pem;
use serde_json::json;

/// Checks that the channel binds to it, and that messages go both ways.
async fn is_bound(mut smsc: Peer, pem: &Pem) {
    let port = smsc.says("port").await;
    let settings = json!({
        "hosts": [format!("localhost:{port}")],
        "tls": true,
        "tls_authorities": pem.certificates.authority,
    });
    let channel = Channel::open(&port, settings);
    binds(&mut smsc, &["bind_transceiver"]).await;
    works(&channel, &mut smsc, "transceiver").await;
    channel.close().await;
}

#[tokio::test]
async fn npm_smpp_is_bound_within_tls() {
    let pem = Pem::write();
    is_bound(Peer::node("smsc.js", &[&pem.chain, &pem.key]), &pem).await;
}

#[tokio::test]
async fn smpp_twisted_is_bound_within_tls() {
    let pem = Pem::write();
    is_bound(Peer::python("smsc.py", &[&pem.chain, &pem.key]), &pem).await;
}
