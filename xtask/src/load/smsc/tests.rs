//! The stub as a gateway sees it: over its own ports.

use std::io::Read;
use std::net::TcpStream;

use super::orders::{Delivery, Told};
use super::*;
use crate::process::free_address;

/// A stub that runs, and a connection for orders.
struct Stub {
    smpp: SocketAddr,
    orders: BufReader<TcpStream>,
}

impl Stub {
    fn start() -> Stub {
        let [smpp, orders, echo] = [(); 3].map(|()| free_address().unwrap());
        thread::spawn(move || run(&Options { smpp, orders, echo }));
        Stub {
            smpp,
            orders: BufReader::new(connect(orders)),
        }
    }

    fn ask(&mut self, order: &Order) -> Told {
        let line = serde_json::to_string(order).unwrap();
        writeln!(self.orders.get_mut(), "{line}").unwrap();
        let mut answer = String::new();
        self.orders.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

/// The stub is not there at once.
fn connect(address: SocketAddr) -> TcpStream {
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(_) => thread::yield_now(),
        }
    }
}

/// Reads one PDU; its operation and its body.
fn read(stream: &mut TcpStream) -> (u32, Vec<u8>) {
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let field = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
    let mut body = vec![0; field(0) as usize - 16];
    stream.read_exact(&mut body).unwrap();
    (field(4), body)
}

fn write(stream: &mut TcpStream, operation: u32, body: &[&[u8]]) {
    let mut out = Vec::new();
    pdu::put(&mut out, operation, pdu::OK, 1, body);
    stream.write_all(&out).unwrap();
}

fn bind(stub: &Stub) -> TcpStream {
    let mut client = connect(stub.smpp);
    write(&mut client, pdu::BIND_TRANSCEIVER, &[b"a\0b\0\0\x34\0\0\0"]);
    assert_eq!(read(&mut client).0, pdu::BIND_TRANSCEIVER | pdu::ANSWER);
    client
}

fn submit(client: &mut TcpStream, to: &[u8], text: &[u8]) {
    let mut out = Vec::new();
    let message = pdu::Message {
        source: b"8864",
        destination: to,
        registered_delivery: 1,
        text,
    };
    pdu::put_message(&mut out, pdu::SUBMIT, 9, 0, &message, b"");
    client.write_all(&out).unwrap();
}

#[test]
fn a_message_is_taken_and_its_receipt_has_its_id() {
    let mut stub = Stub::start();
    stub.ask(&Order::Begin {
        expected: Expected::Serials,
        receipts: true,
    });
    let mut client = bind(&stub);
    submit(&mut client, b"27830000001", b"Ref 1");
    let (operation, id) = read(&mut client);
    assert_eq!(operation, pdu::SUBMIT | pdu::ANSWER);
    let (operation, receipt) = read(&mut client);
    assert_eq!(operation, pdu::DELIVER);
    let receipt = pdu::message(&receipt).unwrap();
    let id = str::from_utf8(&id[..id.len() - 1]).unwrap();
    let text = str::from_utf8(receipt.text).unwrap();
    assert!(
        text.starts_with(&format!("id:{id} ")) && text.contains("stat:DELIVRD"),
        "{text}"
    );
    write(&mut client, pdu::DELIVER | pdu::ANSWER, &[b"\0"]);
    write(&mut client, pdu::UNBIND, &[]);
    read(&mut client);
    let told = stub.ask(&Order::Tell);
    assert_eq!((told.distinct, told.taken, told.refused), (1, 1, 0));
}

#[test]
fn persons_wait_for_their_replies() {
    let mut stub = Stub::start();
    stub.ask(&Order::Begin {
        expected: Expected::Replies,
        receipts: false,
    });
    let mut client = bind(&stub);
    let replier = thread::spawn(move || {
        for _ in 0..5 {
            let body = read(&mut client).1;
            let person = pdu::message(&body).unwrap().source.to_vec();
            submit(&mut client, &person, b"Message 1");
            read(&mut client);
            write(&mut client, pdu::DELIVER | pdu::ANSWER, &[b"\0"]);
        }
        client
    });
    let told = stub.ask(&Order::Deliver(Delivery {
        secs: 1,
        rate: Some(4.5),
        window: 10,
        first: 7,
    }));
    drop(replier.join().unwrap());
    assert_eq!((told.brought, told.distinct, told.duplicates, told.wrong), (5, 5, 0, 0));
    assert!(told.latencies.max_ms > 0.0);
}
