//! The ledger of a carrier whose ESME comes by a real socket.

use super::{Esme, smsc_with};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The ledger's lines: way, operation.
fn lines(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let word = |field: &str| line[field].as_str().unwrap().to_owned();
        (word("way"), word("operation"))
    };
    text.lines().map(line).collect()
}

fn pdu(command_id: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let header = [length, command_id, 0, sequence].map(u32::to_be_bytes).concat();
    [&header, body].concat()
}

async fn read_pdu(link: &mut TcpStream) -> u32 {
    let length = link.read_u32().await.unwrap();
    let mut rest = vec![0; length as usize - 4];
    link.read_exact(&mut rest).await.unwrap();
    u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]])
}

#[tokio::test]
async fn every_pdu_is_there_before_its_answer_is_seen_and_no_password() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let smsc = smsc_with(json!({}), Some(path.clone())).await;
    let mut link = TcpStream::connect(smsc.address()).await.unwrap();
    let bind = b"clinic\0hushhush\0\0\x34\0\0\0";
    let submit = b"\0\0\08864\0\x01\x0127831234567\0\0\0\0\0\0\0\0\0\0\x02hi";
    let mut expected = Vec::new();
    for (command_id, body, operation) in [
        (0x09, &bind[..], "bind_transceiver"),
        (0x15, b"", "enquire_link"),
        (0x04, submit, "submit_sm"),
        (0x06, b"", "unbind"),
    ] {
        let octets = pdu(command_id, 1, body);
        // However the stream is cut.
        let (first, rest) = octets.split_at(7);
        link.write_all(first).await.unwrap();
        link.write_all(rest).await.unwrap();
        assert_eq!(read_pdu(&mut link).await, command_id | 0x8000_0000);
        expected.push(("in".to_owned(), operation.to_owned()));
        expected.push(("out".to_owned(), format!("{operation}_resp")));
        assert_eq!(lines(&path), expected);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&crate::text::hex(b"hush")), "{text}");
    assert!(text.contains(&crate::text::hex(b"clinic\0********\0")), "{text}");
}

#[tokio::test]
async fn a_receipt_may_come_before_the_answer() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let smsc = smsc_with(json!({"receipts": {"when": "early", "copies": 2}}), Some(path.clone())).await;
    let esme = Esme::bound_to(&smsc).await;
    let id = esme.taken("hi").await;
    for _ in 0..2 {
        assert!(esme.next().await.1.starts_with(&format!("id:{id} ")));
    }
    let lines = lines(&path);
    let said: Vec<&str> = lines.iter().map(|(_, operation)| operation.as_str()).collect();
    let expected = [
        "deliver_sm",
        "deliver_sm_resp",
        "deliver_sm",
        "deliver_sm_resp",
        "submit_sm_resp",
    ];
    assert_eq!(said[3..], expected, "{said:?}");
}

#[tokio::test]
async fn what_is_no_smpp_is_noted_and_ends_the_link() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let smsc = smsc_with(json!({}), Some(path.clone())).await;
    let mut link = TcpStream::connect(smsc.address()).await.unwrap();
    link.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // It may be reset: what was sent is not read.
    let _ = link.read_to_end(&mut answer).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("a PDU cannot have"), "{text}");
}
