//! npm's `smpp` as SMSC.

use super::{BINDS, Channel, assert_delivered, binds, joined, overrides, texts, works};
use crate::peer::Peer;
use crate::soon;
use ngoma_engine::channel::PartHeader;
use serde_json::{Value, json};

#[tokio::test]
async fn npm_smpp_is_bound_in_every_mode_and_reads_what_the_channel_sends() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    for (bind, modes) in BINDS {
        let channel = Channel::open(&port, json!({ "bind": bind }));
        let mut names = Vec::new();
        for _ in modes {
            let said = smsc.says("bind").await;
            assert_eq!(
                (&said["system_id"], &said["password"]),
                (&json!("clinic"), &json!("secret"))
            );
            names.push(said["bind"].as_str().unwrap().to_owned());
        }
        names.sort();
        assert_eq!(names, modes);
        for text in texts().iter().filter(|_| bind != "receiver") {
            let came = channel.send_to(&mut smsc, text).await;
            assert_eq!(joined(&came), *text);
            for (number, said) in (1_u64..).zip(&came) {
                assert_eq!((&said["to"], &said["from"]), (&json!("27831234567"), &json!("31022")));
                let asked = (&said["ton"], &said["npi"], &said["receipts"]);
                assert_eq!(asked, (&json!(1), &json!(1), &json!(1)));
                let udh = match came.len() {
                    1 => Value::Null,
                    total => json!([[0, 3, 0x11, total, number]]),
                };
                assert_eq!(said["udh"], udh, "{text}");
            }
        }
        works(&channel, &mut smsc, bind).await;
        channel.close().await;
        for _ in modes {
            assert_eq!(smsc.says("unbind").await, json!(true));
        }
    }
}

#[tokio::test]
async fn npm_smpp_reads_long_texts_in_every_form() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    for long in ["udh", "udh_wide", "sar", "payload"] {
        let channel = Channel::open(&port, json!({ "long": long }));
        binds(&mut smsc, &["bind_transceiver"]).await;
        for text in texts() {
            let came = channel.send_to(&mut smsc, &text).await;
            assert_eq!(joined(&came), text, "{long}");
            let total = came.len();
            for (number, said) in (1..).zip(&came) {
                let (udh, sar) = match long {
                    _ if total == 1 => (Value::Null, Value::Null),
                    "udh" => (json!([[0, 3, 0x11, total, number]]), Value::Null),
                    "udh_wide" => (json!([[8, 4, 0x47, 0x11, total, number]]), Value::Null),
                    _ => (Value::Null, json!([0x4711, total, number])),
                };
                let is_payload = json!(long == "payload");
                assert_eq!(
                    (&said["udh"], &said["sar"], &said["is_payload"]),
                    (&udh, &sar, &is_payload),
                    "{long}"
                );
            }
        }
        channel.close().await;
        smsc.says("unbind").await;
    }
}

#[tokio::test]
async fn npm_smpp_reads_texts_in_the_codings_a_channel_is_set_to() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    for (settings, texts) in overrides() {
        let channel = Channel::open(&port, settings.clone());
        binds(&mut smsc, &["bind_transceiver"]).await;
        for (text, data_coding) in texts {
            let came = channel.send_to(&mut smsc, text).await;
            assert_eq!(joined(&came), text, "{settings}");
            assert_eq!(came[0]["data_coding"], json!(data_coding), "{settings} {text}");
        }
        channel.close().await;
        smsc.says("unbind").await;
    }
}

#[tokio::test]
async fn the_channel_reads_what_npm_smpp_delivers() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    // It writes the GSM alphabet and calls it ASCII, as some carriers do.
    let channel = Channel::open(&port, json!({"codings": {"1": "gsm"}}));
    binds(&mut smsc, &["bind_transceiver"]).await;
    let from = json!({"source_addr": "27831234567", "source_addr_ton": 1, "source_addr_npi": 1,
        "destination_addr": "31022"});
    for (text, more) in [
        ("Hi {€} é", json!({})),
        ("Hi {€} é", json!({"data_coding": 0})),
        ("Où ça? ½", json!({"data_coding": 3})),
        ("Où ça? 😀", json!({"data_coding": 8})),
        ("first", json!({"esm_class": 64, "udh": [5, 0, 3, 7, 2, 1]})),
        (
            "first",
            json!({"sar_msg_ref_num": 7, "sar_total_segments": 2, "sar_segment_seqnum": 1}),
        ),
    ] {
        let mut deliver = from.as_object().unwrap().clone();
        deliver.extend(more.as_object().unwrap().clone());
        deliver.insert("short_message".into(), json!(text));
        smsc.tell(json!({ "deliver": deliver })).await;
        assert_eq!(smsc.says("delivered").await, json!(0));
        let inbound = soon(channel.door.next_inbound()).await;
        assert_eq!(inbound.content.as_deref(), Some(text), "{more}");
        assert_eq!(inbound.from.value(), "+27831234567");
        let part = (text == "first").then(|| PartHeader::new(7, 2, 1)).flatten();
        assert_eq!(inbound.part, part, "{more}");
    }
    channel.close().await;
}

#[tokio::test]
async fn the_channel_takes_npm_smpps_receipts_by_text_and_by_parameters() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    for bind in ["transceiver", "receiver", "pair"] {
        let (_, modes) = BINDS.into_iter().find(|(name, _)| *name == bind).unwrap();
        let channel = Channel::open(&port, json!({ "bind": bind }));
        binds(&mut smsc, modes).await;
        let tlvs = |id: &str| json!({"receipted_message_id": id, "message_state": 2});
        let text = |id: &str| json!({"short_message": format!("id:{id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:")});
        for (id, parts) in [
            ("n1", vec![text("n1"), json!({"esm_class": 4})]),
            ("n2", vec![tlvs("n2"), json!({"esm_class": 4})]),
            ("n3", vec![tlvs("n3")]),
            ("n4", vec![text("n4"), tlvs("n4"), json!({"esm_class": 4})]),
        ] {
            channel.door.knows(id);
            let mut deliver = json!({"source_addr": "27831234567"});
            for part in &parts {
                deliver
                    .as_object_mut()
                    .unwrap()
                    .extend(part.as_object().unwrap().clone());
            }
            smsc.tell(json!({ "deliver": deliver })).await;
            assert_eq!(smsc.says("delivered").await, json!(0), "{id}");
        }
        assert_delivered(&channel, &["n1", "n2", "n3", "n4"]);
        channel.close().await;
        for _ in modes {
            smsc.says("unbind").await;
        }
    }
}

#[tokio::test]
async fn a_channel_that_npm_smpp_unbinds_binds_again() {
    let mut smsc = Peer::node("smsc.js", &[]);
    let port = smsc.says("port").await;
    for (bind, modes) in BINDS {
        let channel = Channel::open(&port, json!({"bind": bind, "reconnect_after": "10ms"}));
        binds(&mut smsc, modes).await;
        smsc.tell(json!({"unbind": true})).await;
        let (mut unbound, mut bound) = (Vec::new(), Vec::new());
        // With two sessions the first may be there again before the second is gone.
        while unbound.len() < modes.len() || bound.len() < modes.len() {
            let said = smsc.says_any().await;
            match said["unbound"].as_u64() {
                Some(status) => unbound.push((status, said["mode"].as_str().unwrap().to_owned())),
                None => bound.push(said["bind"].as_str().expect("a bind").to_owned()),
            }
        }
        unbound.sort();
        bound.sort();
        let expected: Vec<(u64, String)> = modes.iter().map(|mode| (0, (*mode).to_owned())).collect();
        assert_eq!(
            (unbound, bound),
            (expected, modes.iter().map(|mode| (*mode).to_owned()).collect()),
            "{bind}"
        );
        works(&channel, &mut smsc, bind).await;
        channel.close().await;
        for _ in modes {
            smsc.says("unbind").await;
        }
    }
}
