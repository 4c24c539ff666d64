//! Kannel as an ESME: its bearerbox binds to both our servers, and its sendsms service is asked to send.
//!
//! It cannot be tried as an SMSC: its SMPP server is opensmppbox, which Debian does not package; kannel and kannel-extras
//! have bearerbox, smsbox and wapbox, and bearerbox only binds to others.
//!
//! Within TLS it speaks 1.3. It believes the authorities of `ssl-trusted-ca-file`, and anybody without that setting; which
//! name a certificate has it does not check.

mod boxes;

use crate::pem::Pem;
use crate::server::{Server, Sessions};
use crate::systems::Systems;
use boxes::Kannel;
use ngoma_smpp::EndReason;
use ngoma_smpp::pdu::BindMode;
use ngoma_smpp::receipt::MessageState;

/// Starts a server, and a Kannel that binds to it by one link, or by two.
async fn bound<S: Server>(modes: &[BindMode]) -> (S, Kannel) {
    let mut server = S::start().await;
    let kannel = Kannel::start(server.port(), modes).await;
    server.bound(modes).await;
    (server, kannel)
}

/// Checks the text, its parts and its addresses.
async fn comes<S: Server>(server: &mut S, text: &str, total: u8) {
    let mut whole = String::new();
    for number in 1..=total {
        let came = server.came().await;
        assert_eq!((&*came.from, &*came.to), ("31022", "27831234567"));
        let part = came.part.map(|(_, total, number)| (total, number));
        assert_eq!(part, (total > 1).then_some((total, number)));
        whole.push_str(&came.text);
    }
    assert_eq!(whole, text);
}

async fn sends_in_every_coding<S: Server>(server: &mut S, kannel: &Kannel) {
    kannel.send("text=Hello+%40+%7B%E2%82%AC%7D&charset=utf-8").await;
    comes(server, "Hello @ {€}", 1).await;
    kannel.send("text=%C3%A7%F0%9F%98%80&charset=utf-8&coding=2").await;
    comes(server, "ç😀", 1).await;
    // Octets, by their data_coding of 4: we read them as such.
    kannel.send("text=%00%FFhi&coding=1").await;
    comes(server, "00ff6869", 1).await;
    kannel.send(&format!("text={}", "a".repeat(200))).await;
    comes(server, &"a".repeat(200), 2).await;
    kannel
        .send(&format!("text={}&charset=utf-8&coding=2", "%C3%A7".repeat(100)))
        .await;
    comes(server, &"ç".repeat(100), 2).await;
}

/// Checks that it takes what became of its messages, and tells who asked.
async fn takes_receipts<S: Server>(server: &mut S, kannel: &Kannel) {
    for (state, told) in [(MessageState::Delivered, 1), (MessageState::Undeliverable, 2)] {
        kannel.send_and_report("reported").await;
        let came = server.came().await;
        assert!(came.wants_receipt);
        assert!(server.report(&came.id, state).await);
        assert_eq!(kannel.reported().await, format!("GET /type/{told} HTTP/1.1"));
    }
}

async fn works_in_every_mode<S: Server>() {
    for modes in [
        &[BindMode::Transceiver][..],
        &[BindMode::Transmitter, BindMode::Receiver],
        &[BindMode::Transmitter],
        &[BindMode::Receiver],
    ] {
        let (mut server, kannel) = bound::<S>(modes).await;
        let (submits, delivers) = (modes[0].may_submit(), modes.iter().any(|mode| mode.may_deliver()));
        if submits {
            sends_in_every_coding(&mut server, &kannel).await;
        }
        if delivers {
            assert!(server.deliver("hello").await);
        }
        if submits && delivers {
            comes(&mut server, "You said hello", 1).await;
            takes_receipts(&mut server, &kannel).await;
        }
    }
}

async fn is_unbound_and_unbinds<S: Server>() {
    let (mut server, kannel) = bound::<S>(&[BindMode::Transceiver]).await;
    server.unbind().await;
    server.ends(EndReason::Unbound).await;
    server.bound(&[BindMode::Transceiver]).await;
    kannel.send("text=again").await;
    comes(&mut server, "again", 1).await;
    kannel.shut_down().await;
    server.ends(EndReason::UnboundByPeer).await;
}

#[tokio::test]
async fn kannel_binds_in_every_mode_sends_in_every_coding_and_takes_messages_and_receipts() {
    works_in_every_mode::<Sessions>().await;
    works_in_every_mode::<Systems>().await;
}

#[tokio::test]
async fn kannel_is_unbound_and_binds_again_and_unbinds() {
    is_unbound_and_unbinds::<Sessions>().await;
    is_unbound_and_unbinds::<Systems>().await;
}

#[tokio::test]
async fn kannel_says_who_it_is() {
    let (server, _kannel) = bound::<Sessions>(&[BindMode::Transceiver]).await;
    let asked = server.asked().remove(0);
    assert_eq!((&*asked.system_id, &*asked.password), ("kannel", "secret"));
}

#[tokio::test]
async fn kannel_binds_within_tls() {
    let pem = Pem::write();
    let mut server = Systems::within_tls(&pem.certificates).await;
    let kannel = Kannel::start_within_tls(server.port(), &pem.authority).await;
    server.bound(&[BindMode::Transceiver]).await;
    sends_in_every_coding(&mut server, &kannel).await;
    assert!(server.deliver("hello").await);
    comes(&mut server, "You said hello", 1).await;
    takes_receipts(&mut server, &kannel).await;
}
