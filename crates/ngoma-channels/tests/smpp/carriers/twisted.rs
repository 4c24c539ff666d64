//! PyPI's `smpp.twisted3` as SMSC.

use super::{BINDS, Channel, assert_delivered, binds, joined, outbound, overrides, texts, works};
use crate::peer::Peer;
use crate::soon;
use serde_json::{Value, json};

#[tokio::test]
async fn smpp_twisted_is_bound_in_every_mode_and_takes_what_the_channel_sends() {
    for (bind, modes) in BINDS {
        let mut smsc = Peer::python("smsc.py", &[]);
        let port = smsc.says("port").await;
        let channel = Channel::open(&port, json!({ "bind": bind }));
        binds(&mut smsc, modes).await;
        for text in texts().iter().filter(|_| bind != "receiver") {
            let came = channel.send_to(&mut smsc, text).await;
            assert_eq!(joined(&came), *text);
            for (number, said) in (1..).zip(&came) {
                assert_eq!((&said["to"], &said["from"]), (&json!("27831234567"), &json!("31022")));
                let header = match came.len() {
                    1 => json!([]),
                    total => json!([5, 0, 3, 0x11, total, number]),
                };
                assert_eq!(said["header"], header, "{text}");
            }
        }
        works(&channel, &mut smsc, bind).await;
        channel.close().await;
    }
}

#[tokio::test]
async fn smpp_twisted_reads_long_texts_in_every_form() {
    for long in ["udh", "udh_wide", "sar", "payload"] {
        let mut smsc = Peer::python("smsc.py", &[]);
        let port = smsc.says("port").await;
        let channel = Channel::open(&port, json!({ "long": long }));
        binds(&mut smsc, &["bind_transceiver"]).await;
        for text in texts() {
            let came = channel.send_to(&mut smsc, &text).await;
            assert_eq!(joined(&came), text, "{long}");
            let total = came.len();
            for (number, said) in (1..).zip(&came) {
                let (header, sar) = match long {
                    _ if total == 1 => (json!([]), Value::Null),
                    "udh" => (json!([5, 0, 3, 0x11, total, number]), Value::Null),
                    "udh_wide" => (json!([6, 8, 4, 0x47, 0x11, total, number]), Value::Null),
                    _ => (json!([]), json!([0x4711, total, number])),
                };
                let is_payload = json!(long == "payload");
                let said = (&said["header"], &said["sar"], &said["is_payload"]);
                assert_eq!(said, (&header, &sar, &is_payload), "{long}");
            }
        }
        channel.close().await;
    }
}

#[tokio::test]
async fn smpp_twisted_reads_texts_in_the_codings_a_channel_is_set_to() {
    for (settings, texts) in overrides() {
        let mut smsc = Peer::python("smsc.py", &[]);
        let port = smsc.says("port").await;
        let channel = Channel::open(&port, settings.clone());
        binds(&mut smsc, &["bind_transceiver"]).await;
        for (text, data_coding) in texts {
            let came = channel.send_to(&mut smsc, text).await;
            assert_eq!(joined(&came), text, "{settings}");
            assert_eq!(came[0]["data_coding"], json!(data_coding), "{settings} {text}");
        }
        channel.close().await;
    }
}

#[tokio::test]
async fn the_channel_takes_smpp_twisteds_messages_and_receipts() {
    for bind in ["receiver", "transceiver", "pair"] {
        let (_, modes) = BINDS.into_iter().find(|(name, _)| *name == bind).unwrap();
        let mut smsc = Peer::python("smsc.py", &[]);
        let port = smsc.says("port").await;
        let channel = Channel::open(&port, json!({ "bind": bind }));
        binds(&mut smsc, modes).await;
        for (text, coding) in [("Hi {€} é", 0), ("Hi `you`", 1), ("Où ça? ½", 3), ("Où ça? 😀", 8)] {
            let deliver = json!({"from": "0831234567", "to": "31022", "text": text, "coding": coding});
            smsc.tell(json!({ "bring": deliver })).await;
            assert_eq!(smsc.says("delivered").await, json!("CommandStatus.ESME_ROK"));
            let inbound = soon(channel.door.next_inbound()).await;
            assert_eq!(
                (inbound.content.as_deref(), inbound.to.value()),
                (Some(text), "31022"),
                "{bind}"
            );
        }
        for (id, text) in [("t1", "id:t1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:"), ("t2", "")] {
            channel.door.knows(id);
            let receipt =
                json!({"from": "0831234567", "to": "31022", "text": text, "receipted": id, "state": "DELIVERED"});
            smsc.tell(json!({ "bring": receipt })).await;
            assert_eq!(smsc.says("delivered").await, json!("CommandStatus.ESME_ROK"));
        }
        assert_delivered(&channel, &["t1", "t2"]);
        channel.close().await;
    }
}

#[tokio::test]
async fn a_channel_that_smpp_twisted_unbinds_binds_again() {
    for (bind, modes) in BINDS {
        let mut smsc = Peer::python("smsc.py", &[]);
        let port = smsc.says("port").await;
        let channel = Channel::open(&port, json!({"bind": bind, "reconnect_after": "10ms"}));
        binds(&mut smsc, modes).await;
        smsc.tell(json!({"unbind": true})).await;
        let (mut is_unbound, mut bound) = (false, Vec::new());
        while !is_unbound || bound.len() < modes.len() {
            let said = smsc.says_any().await;
            match said["bind"].as_str() {
                Some(mode) => bound.push(mode.to_owned()),
                None => is_unbound = said["unbound"] == json!(0),
            }
        }
        bound.sort();
        assert_eq!(bound, modes);
        works(&channel, &mut smsc, bind).await;
        channel.close().await;
    }
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
