//! The channel against others' SMSCs: npm's `smpp` and PyPI's `smpp.twisted3`. smpplib has no SMSC.

mod npm;
mod tls;
mod twisted;

use crate::peer::Peer;
use crate::soon;
use ngoma_channels::smpp::Smpp;
use ngoma_engine::channel::{
    ChannelType, Config, Outbound, PartHeader, Receipt, ReceiptFor, SendError, Sent, Shutdown, Transport,
};
use ngoma_message::{Address, DeliveryStatus, Object};
use ngoma_testkit::FakeDoor;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A channel that runs against an SMSC.
struct Channel {
    door: Arc<FakeDoor>,
    transport: Arc<dyn Transport>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

/// The settings of `bind`, and the binds that come by each, in the order of their names.
const BINDS: [(&str, &[&str]); 4] = [
    ("transmitter", &["bind_transmitter"]),
    ("receiver", &["bind_receiver"]),
    ("transceiver", &["bind_transceiver"]),
    ("pair", &["bind_receiver", "bind_transmitter"]),
];

/// The number that [`Channel::send`] gives the parts of a long text.
const REFERENCE: u16 = 0x4711;

impl Channel {
    fn open(port: &Value, settings: Value) -> Self {
        let mut config = json!({
            "hosts": [format!("127.0.0.1:{port}")],
            "allow_private": true,
            "system_id": "clinic",
            "password": "secret",
        });
        let more = settings.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(more);
        let door = FakeDoor::new();
        let config = Config(config.as_object().unwrap().clone());
        let opened = Smpp.open(&config, door.context(Some("31022"))).unwrap();
        let transport: Arc<dyn Transport> = Arc::from(opened);
        let (stop, shutdown) = Shutdown::new();
        let run = Arc::clone(&transport);
        let running = tokio::spawn(async move { run.run(shutdown).await.unwrap() });
        Self {
            door,
            transport,
            stop,
            running,
        }
    }

    /// Sends a text as the engine does, whole or in its parts.
    async fn send(&self, text: &str) -> Vec<Result<Sent, SendError>> {
        soon(self.transport.ready()).await;
        let whole = outbound(text);
        let parts = self.transport.parts(&whole);
        if parts.is_empty() {
            return vec![soon(self.transport.send(&whole)).await];
        }
        let mut sent = Vec::new();
        for (number, part) in (1..).zip(&parts) {
            let message = Outbound {
                whole: Some(text.into()),
                part: PartHeader::new(REFERENCE, parts.len().try_into().unwrap(), number),
                ..outbound(part)
            };
            sent.push(soon(self.transport.send(&message)).await);
        }
        sent
    }

    /// Sends a text and gives what the SMSC says of each of its parts; each was taken.
    async fn send_to(&self, smsc: &mut Peer, text: &str) -> Vec<Value> {
        let mut came = Vec::new();
        for taken in self.send(text).await {
            assert!(taken.unwrap().provider_id.is_some(), "{text}");
            came.push(smsc.says("submit").await);
        }
        came
    }

    async fn close(self) {
        self.stop.send(true).unwrap();
        soon(self.running).await.unwrap();
    }
}

/// The binds that the SMSC says come by a setting.
async fn binds(smsc: &mut Peer, modes: &[&str]) {
    let mut bound = Vec::new();
    for _ in modes {
        let said = smsc.says("bind").await;
        let mode = said.as_str().or(said["bind"].as_str());
        bound.push(mode.expect("its name").to_owned());
    }
    bound.sort();
    assert_eq!(bound, modes);
}

/// Checks that all sessions of a setting work, each way that it has. A session that is not bound yet would end without an
/// unbind.
async fn works(channel: &Channel, smsc: &mut Peer, bind: &str) {
    if bind != "receiver" {
        assert_eq!(joined(&channel.send_to(smsc, "there").await), "there");
    }
    if bind != "transmitter" {
        let addresses = json!({"from": "27831234567", "to": "31022", "text": "back"});
        smsc.tell(json!({ "bring": addresses })).await;
        smsc.says("delivered").await;
        let inbound = soon(channel.door.next_inbound()).await;
        assert_eq!(inbound.content.as_deref(), Some("back"));
    }
}

/// The text of parts, put together.
fn joined(came: &[Value]) -> String {
    came.iter().map(|said| said["text"].as_str().unwrap()).collect()
}

fn outbound(content: &str) -> Outbound {
    Outbound {
        id: "a-1".into(),
        to: Address::new("tel", "+27831234567"),
        from: None,
        content: content.to_owned(),
        whole: None,
        in_reply_to: None,
        session_event: None,
        attempts: 0,
        part: None,
        helper_metadata: Object::new(),
    }
}

fn texts() -> Vec<String> {
    vec![
        "Hello @£$ {€}".into(),
        "Où ça? 😀".into(),
        "a".repeat(200),
        "€".repeat(160),
        "ç".repeat(150),
    ]
}

/// Settings by which Latin-1 and UCS-2 take the places of what is usual, with the `data_coding` each text goes by.
fn overrides() -> Vec<(Value, Vec<(&'static str, u64)>)> {
    vec![
        (json!({}), vec![("Hello @£$ {€}", 0), ("Où ça? ½", 8)]),
        (
            json!({"gsm_data_coding": 3}),
            vec![("Où ça? ½ @£$", 8), ("Hello @£$ Ñ", 3), ("5 € አ", 8)],
        ),
        (json!({"gsm_data_coding": 1}), vec![("Hello you", 1), ("Hello £", 8)]),
        (
            json!({"gsm_data_coding": 8}),
            vec![("Hello @£$ {€}", 8), ("Où ça? 😀", 8)],
        ),
    ]
}

/// Checks that the channel was told that these messages were delivered, and of no other.
fn assert_delivered(channel: &Channel, ids: &[&str]) {
    let expected: Vec<Receipt> = ids
        .iter()
        .map(|id| Receipt {
            about: ReceiptFor::ProviderId((*id).into()),
            status: DeliveryStatus::Delivered,
            reason: None,
        })
        .collect();
    assert_eq!(format!("{:?}", channel.door.receipts()), format!("{expected:?}"));
}
