//! The channel against another's SMSC.

use crate::peer::Peer;
use crate::soon;
use ngoma_channels::smpp::Smpp;
use ngoma_engine::channel::{ChannelType, Config, Outbound, PartHeader, SendError, Sent, Shutdown, Transport};
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
                part: PartHeader::new(0x4711, parts.len().try_into().unwrap(), number),
                ..outbound(part)
            };
            sent.push(soon(self.transport.send(&message)).await);
        }
        sent
    }

    async fn close(self) {
        self.stop.send(true).unwrap();
        soon(self.running).await.unwrap();
    }
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

#[tokio::test]
async fn npm_smpp_reads_what_the_channel_sends() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    for (bind, modes) in [
        ("transceiver", vec!["bind_transceiver"]),
        ("pair", vec!["bind_receiver", "bind_transmitter"]),
    ] {
        let channel = Channel::open(&port, json!({ "bind": bind }));
        let mut bound = Vec::new();
        for _ in &modes {
            let said = smsc.says("bind").await;
            assert_eq!(
                (&said["system_id"], &said["password"]),
                (&json!("clinic"), &json!("secret"))
            );
            bound.push(said["bind"].as_str().unwrap().to_owned());
        }
        bound.sort();
        assert_eq!(bound, modes);
        for text in texts() {
            let sent = channel.send(&text).await;
            let mut came = String::new();
            for (number, taken) in (1_u64..).zip(&sent) {
                let id = taken.as_ref().unwrap().provider_id.clone().unwrap();
                assert!(id.starts_with('n'), "{id}");
                let said = smsc.says("submit").await;
                assert_eq!((&said["to"], &said["from"]), (&json!("27831234567"), &json!("31022")));
                assert_eq!(
                    (&said["ton"], &said["npi"], &said["receipts"]),
                    (&json!(1), &json!(1), &json!(1))
                );
                let udh = match sent.len() {
                    1 => Value::Null,
                    total => json!([[0, 3, 0x11, total, number]]),
                };
                assert_eq!(said["udh"], udh, "{text}");
                came.push_str(said["text"].as_str().unwrap());
            }
            assert_eq!(came, text);
        }
        channel.close().await;
        for _ in &modes {
            assert_eq!(smsc.says("unbind").await, json!(true));
        }
    }
}

#[tokio::test]
async fn the_channel_reads_what_npm_smpp_delivers() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    // It writes the GSM alphabet and calls it ASCII, as some carriers do.
    let channel = Channel::open(&port, json!({"codings": {"1": "gsm"}}));
    smsc.says("bind").await;
    channel.door.knows("n1");
    let receipt = "id:n1 sub:001 dlvrd:001 submit date:2611270930 done date:2611270931 stat:DELIVRD err:000 text:Hello";
    smsc.tell(json!({"deliver": {"esm_class": 4, "short_message": receipt, "source_addr": "27831234567"}}))
        .await;
    assert_eq!(smsc.says("delivered").await, json!(0));
    let receipts = channel.door.receipts();
    assert_eq!(receipts[0].status, DeliveryStatus::Delivered);

    let from = json!({"source_addr": "27831234567", "source_addr_ton": 1, "source_addr_npi": 1,
        "destination_addr": "31022"});
    for (text, more) in [
        ("Hi {€} é", json!({})),
        ("Où ça? 😀", json!({"data_coding": 8})),
        ("first", json!({"esm_class": 64, "udh": [5, 0, 3, 7, 2, 1]})),
    ] {
        let mut deliver = from.as_object().unwrap().clone();
        deliver.extend(more.as_object().unwrap().clone());
        deliver.insert("short_message".into(), json!(text));
        smsc.tell(json!({ "deliver": deliver })).await;
        assert_eq!(smsc.says("delivered").await, json!(0));
        let inbound = soon(channel.door.next_inbound()).await;
        assert_eq!(inbound.content.as_deref(), Some(text));
        assert_eq!(inbound.from.value(), "+27831234567");
        let part = (text == "first").then(|| PartHeader::new(7, 2, 1)).flatten();
        assert_eq!(inbound.part, part);
    }
    channel.close().await;
}

#[tokio::test]
async fn smpp_twisted_takes_what_the_channel_sends_and_delivers_to_it() {
    let mut smsc = Peer::python("smsc.py", &[]);
    let port = smsc.says("port").await;
    let channel = Channel::open(&port, json!({"bind": "pair"}));
    let sent = channel.send("Hello @").await;
    assert_eq!(sent[0].as_ref().unwrap().provider_id.as_deref(), Some("t1"));
    let said = smsc.says("submit").await;
    assert_eq!(said["octets"], json!(b"Hello \0".to_vec()));
    assert_eq!((&said["to"], &said["from"]), (&json!("27831234567"), &json!("31022")));
    smsc.tell(json!({"deliver": {"from": "0831234567", "to": "31022", "text": "Hi"}}))
        .await;
    assert_eq!(smsc.says("delivered").await, json!("CommandStatus.ESME_ROK"));
    let inbound = soon(channel.door.next_inbound()).await;
    assert_eq!((inbound.content.as_deref(), inbound.to.value()), (Some("Hi"), "31022"));
    channel.close().await;
}

#[tokio::test]
async fn smpp_twisted_refuses_a_wrong_password_and_the_channel_says_so() {
    let mut smsc = Peer::python("smsc.py", &[]);
    let port = smsc.says("port").await;
    let channel = Channel::open(&port, json!({"password": "wrong", "reconnect_after": "1m"}));
    soon(async {
        loop {
            let error = channel.transport.send(&outbound("hi")).await.unwrap_err();
            if error.reason.contains("ESME_RINVPASWD") || error.reason.contains("ESME_RBINDFAIL") {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    channel.close().await;
}
