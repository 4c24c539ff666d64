//! Others' ESMEs against both our servers, the library's sessions and the channel type `smpp_server`: npm's `smpp`, PyPI's
//! `smpplib` and `smpp.twisted3`.

mod refused;
mod tls;

use crate::peer::Peer;
use crate::server::{Came, Server, Sessions};
use crate::systems::Systems;
use ngoma_smpp::pdu::BindMode;
use ngoma_smpp::receipt::MessageState;
use ngoma_smpp::{CommandStatus, EndReason};
use serde_json::{Value, json};

/// An ESME of others.
#[derive(Clone, Copy, Debug)]
enum Esme {
    Npm,
    Smpplib,
    Twisted,
}

impl Esme {
    const ALL: [Self; 3] = [Self::Npm, Self::Smpplib, Self::Twisted];

    /// Starts one that binds; it is told that it is bound.
    async fn bind<S: Server>(self, server: &mut S, mode: BindMode) -> Peer {
        let port = server.port().to_string();
        let name = match mode {
            BindMode::Transmitter => "bind_transmitter",
            BindMode::Receiver => "bind_receiver",
            BindMode::Transceiver => "bind_transceiver",
        };
        let mut peer = self.start(&[&port, name]);
        assert_eq!(peer.says("bound").await["bound"], json!(0), "{self:?}");
        server.bound(&[mode]).await;
        peer
    }

    fn start(self, arguments: &[&str]) -> Peer {
        match self {
            Self::Npm => Peer::node("esme.js", arguments),
            Self::Smpplib => Peer::python("esme.py", arguments),
            Self::Twisted => Peer::python("twisted_esme.py", arguments),
        }
    }

    /// Whether it can send a long text so.
    fn can_send(self, coding: u8, long: &str) -> bool {
        // smpplib has no cutter for ASCII.
        !(matches!(self, Self::Smpplib) && coding == 1) || long.is_empty()
    }
}

const MODES: [BindMode; 3] = [BindMode::Transmitter, BindMode::Receiver, BindMode::Transceiver];

/// What comes of a text, put together, once all its parts are there and answered.
async fn send<S: Server>(peer: &mut Peer, server: &mut S, order: Value) -> (String, Vec<Came>) {
    peer.tell(json!({ "send": order })).await;
    let mut came = vec![server.came().await];
    let total = came[0].part.map_or(1, |(_, total, _)| total);
    while came.len() < total.into() {
        came.push(server.came().await);
    }
    for _ in &came {
        assert_eq!(peer.says("submitted").await["submitted"], json!(0), "{order}");
    }
    (came.iter().map(|came| &*came.text).collect(), came)
}

async fn binds_in_every_mode<S: Server>(esme: Esme) {
    let mut server = S::start().await;
    for mode in MODES {
        let mut peer = esme.bind(&mut server, mode).await;
        peer.tell(json!({"send": {"text": "Hello", "coding": 0}})).await;
        let submitted = peer.says("submitted").await;
        if mode.may_submit() {
            assert_eq!(submitted["submitted"], json!(0), "{esme:?} {mode:?}");
            assert_ne!(submitted["id"], json!(""), "{esme:?}");
            let came = Came {
                id: submitted["id"].as_str().unwrap().into(),
                from: "31022".into(),
                to: "27831234567".into(),
                text: "Hello".into(),
                part: None,
                wants_receipt: true,
            };
            assert_eq!(server.came().await, came, "{esme:?}");
        } else {
            assert_eq!(
                submitted["submitted"],
                json!(CommandStatus::INVALID_BIND_STATUS.0),
                "{esme:?}"
            );
        }
        if mode.may_deliver() {
            takes_messages_and_receipts(&mut peer, &mut server, esme).await;
        }
        peer.tell(json!({"unbind": true})).await;
        assert_eq!(peer.says("unbound").await, json!(0), "{esme:?}");
        server.ends(EndReason::UnboundByPeer).await;
    }
}

async fn takes_messages_and_receipts<S: Server>(peer: &mut Peer, server: &mut S, esme: Esme) {
    for text in ["hello", "Où ça? አ 😀"] {
        assert!(server.deliver(text).await, "{esme:?}");
        assert_eq!(peer.says("deliver").await["deliver"], json!(text), "{esme:?}");
    }
    for (state, begins, error) in [
        (MessageState::Delivered, "id:m1 sub:001 dlvrd:001 ", Value::Null),
        (
            MessageState::Undeliverable,
            "id:m1 sub:001 dlvrd:000 ",
            json!([3, 0, 27]),
        ),
    ] {
        assert!(server.report("m1", state).await, "{esme:?}");
        let receipt = peer.says("deliver").await;
        assert!(
            receipt["deliver"].as_str().unwrap().starts_with(begins),
            "{esme:?} {receipt}"
        );
        let said = (&receipt["esm_class"], &receipt["receipted"], &receipt["state"]);
        assert_eq!(said, (&json!(4), &json!("m1"), &json!(state.number())), "{esme:?}");
        assert_eq!(receipt["error"], error, "{esme:?}");
    }
}

async fn texts_come_in_every_coding<S: Server>(esme: Esme) {
    let mut server = S::start().await;
    let mut peer = esme.bind(&mut server, BindMode::Transceiver).await;
    for (coding, text) in [
        (0, "Hello @£$ {€} ΔΦ Ñ"),
        (1, "Hello `you` @home $5 {_}"),
        (3, "Où ça? Straße ½ @£$"),
        (8, "Où ça? አማርኛ 😀 @"),
    ] {
        let (whole, _) = send(&mut peer, &mut server, json!({"text": text, "coding": coding})).await;
        assert_eq!(whole, text, "{esme:?} {coding}");
    }
}

async fn long_texts_come_whole_in_every_form<S: Server>(esme: Esme) {
    let mut server = S::start().await;
    let mut peer = esme.bind(&mut server, BindMode::Transmitter).await;
    for (coding, text) in [
        (0, "Hello @Ñ ".repeat(40)),
        (1, "Hello @` ".repeat(40)),
        (3, "Où ça? @ ".repeat(40)),
        (8, "ሰላም ça ".repeat(40)),
    ] {
        let forms = ["udh", "sar", "payload"];
        for long in forms.into_iter().filter(|long| esme.can_send(coding, long)) {
            let order = json!({"text": text, "coding": coding, "long": long});
            let (whole, came) = send(&mut peer, &mut server, order).await;
            assert_eq!(whole, text, "{esme:?} {coding} {long}");
            assert_eq!(came.len() > 1, long != "payload", "{esme:?} {coding} {long}");
            let numbers = came.iter().filter_map(|came| came.part).map(|(_, _, number)| number);
            assert!(
                long == "payload" || numbers.eq((1..).take(came.len())),
                "{esme:?} {coding} {long}"
            );
        }
    }
}

async fn is_unbound_by_the_server<S: Server>(esme: Esme) {
    let mut server = S::start().await;
    for mode in MODES {
        let mut peer = esme.bind(&mut server, mode).await;
        server.unbind().await;
        assert_eq!(peer.says("unbound_by_peer").await, json!(true), "{esme:?} {mode:?}");
        server.ends(EndReason::Unbound).await;
    }
}

#[tokio::test]
async fn every_esme_binds_in_every_mode_takes_receipts_and_unbinds() {
    for esme in Esme::ALL {
        binds_in_every_mode::<Sessions>(esme).await;
        binds_in_every_mode::<Systems>(esme).await;
    }
}

#[tokio::test]
async fn every_esmes_texts_come_in_every_coding() {
    for esme in Esme::ALL {
        texts_come_in_every_coding::<Sessions>(esme).await;
        texts_come_in_every_coding::<Systems>(esme).await;
    }
}

#[tokio::test]
async fn every_esmes_long_texts_come_whole_in_every_form() {
    for esme in Esme::ALL {
        long_texts_come_whole_in_every_form::<Sessions>(esme).await;
        long_texts_come_whole_in_every_form::<Systems>(esme).await;
    }
}

#[tokio::test]
async fn every_esme_is_unbound_by_the_server() {
    for esme in Esme::ALL {
        is_unbound_by_the_server::<Sessions>(esme).await;
        is_unbound_by_the_server::<Systems>(esme).await;
    }
}

#[tokio::test]
async fn every_esme_says_who_it_is() {
    let said = [("node", 0x50), ("python", 0x34), ("twisted", 0x34)];
    for (esme, (name, version)) in Esme::ALL.into_iter().zip(said) {
        let mut server = Sessions::start().await;
        let _peer = esme.bind(&mut server, BindMode::Transceiver).await;
        let asked = server.asked().remove(0);
        assert_eq!((&*asked.system_id, &*asked.password), (name, "secret"));
        assert_eq!(asked.interface_version, version, "{esme:?}");
    }
}
