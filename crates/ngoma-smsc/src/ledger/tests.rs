//! A ledger's file: what is on it after an append, and after a crash.

use super::*;
use ngoma_smpp::CommandStatus;
use ngoma_smpp::wire::Frame;
use std::fs;
use tempfile::TempDir;

fn frame(sequence: u32) -> Frame {
    Frame {
        command_id: 0x15,
        status: CommandStatus::OK,
        sequence,
        body: bytes::Bytes::new(),
    }
}

async fn append(ledger: &Ledger, sequence: u32) {
    let frame = frame(sequence);
    let entry = Entry {
        link: 1,
        way: Way::Out,
        frame: Ok(&frame),
    };
    ledger.append(&[entry]).await.unwrap();
}

fn sequences(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["sequence"].as_u64();
    text.lines().filter_map(line).collect()
}

/// The lock goes with the writer's thread, which ends after the last clone is gone.
fn open(path: &Path) -> Ledger {
    loop {
        match Ledger::open(path) {
            Ok(ledger) => return ledger,
            Err(LedgerError::InUse(_)) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn what_was_appended_is_in_the_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let ledger = open(&path);
    for sequence in 1..=3 {
        append(&ledger, sequence).await;
        assert_eq!(sequences(&path).last(), Some(&u64::from(sequence)));
    }
    let many: Vec<_> = (4..100)
        .map(|sequence| {
            let ledger = ledger.clone();
            tokio::spawn(async move { append(&ledger, sequence).await })
        })
        .collect();
    for one in many {
        one.await.unwrap();
    }
    assert_eq!(sequences(&path).len(), 99);
    assert_eq!(ledger.problem(), None);
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_when_it_is_opened_again() {
    let folder = TempDir::new().unwrap();
    for (written, kept) in [
        ("{\"sequence\":1}\n{\"sequence\":2}\n", vec![1, 2, 9]),
        ("{\"sequence\":1}\n{\"sequ", vec![1, 9]),
        ("{\"sequence\":1}\n{", vec![1, 9]),
        ("{\"seq", vec![9]),
        ("", vec![9]),
    ] {
        let path = folder.path().join("ledger.jsonl");
        fs::write(&path, written).unwrap();
        append(&open(&path), 9).await;
        assert_eq!(sequences(&path), kept, "{written}");
    }
}

#[test]
fn what_is_no_ledger_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("thesis.txt");
    for content in ["Chapter 1".to_owned(), format!("{{{}", "x".repeat(300_000))] {
        fs::write(&path, &content).unwrap();
        assert!(matches!(Ledger::open(&path), Err(LedgerError::NoLedger(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    let missing = folder.path().join("nowhere/ledger.jsonl");
    assert!(matches!(Ledger::open(&missing), Err(LedgerError::Open { .. })));
}

#[test]
fn one_process_writes_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let ledger = open(&path);
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::InUse(_)), "{error}");
    drop(ledger);
    open(&path);
}
