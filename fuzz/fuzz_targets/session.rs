//! Both ends of a session: whatever comes, it goes on or ends, and never owes more than it may.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ngoma_smpp::pdu::{Bind, BindMode, SmeAddress};
use ngoma_smpp::{Config, Event, Role, Session};
use std::time::Duration;

fuzz_target!(|octets: &[u8]| {
    let now = Duration::ZERO;
    for role in [Role::Esme, Role::Smsc] {
        let config = Config {
            inbound_window: 2,
            ..Config::default()
        };
        let mut session = Session::new(role, config, now);
        if role == Role::Esme {
            let bind = Bind {
                mode: BindMode::Transceiver,
                system_id: "a".into(),
                password: "b".into(),
                system_type: String::new(),
                interface_version: 0x34,
                address_range: SmeAddress::default(),
            };
            session.bind(&bind, now).expect("it is open");
        }
        for piece in octets.chunks(64) {
            if session.may_read() {
                session.received(piece, now);
            }
            let mut received = Vec::new();
            while let Some(event) = session.poll() {
                match event {
                    Event::BindRequested(_) => drop(session.accept_bind(&"smsc".into(), 0x34, now)),
                    Event::Received { sequence, .. } => received.push(sequence),
                    _ => {}
                }
            }
            assert!(received.len() <= 2);
            for sequence in received {
                let _ = session.answer(sequence, Default::default(), Default::default(), now);
            }
            let count = session.outgoing().len();
            session.written(count, now);
        }
        session.link_lost();
        assert!(session.is_over());
    }
});
