//! The spool by itself: what it keeps, how it is bounded, and what it does with a file that cannot be read.

use super::rows::Entry;
use super::{Spool, SpoolBounds};
use crate::store::{Arrival, InboundMessage, SpooledInbound, StoreError};
use crate::trace::Trail;
use ngoma_message::{Address, MessageId, Object, Timestamp};
use std::path::Path;
use std::sync::Arc;

const ROOM: SpoolBounds = SpoolBounds {
    bytes: 1 << 20,
    messages: 1000,
    group_commit: 16,
    backlog: 64,
};

pub(super) fn message(account: i64, channel: i64, content: &str) -> InboundMessage {
    InboundMessage {
        id: MessageId::generate(),
        account,
        channel,
        provider_id: Some("p".into()),
        fingerprint: None,
        part: None,
        from: Address::new("tel", "+1"),
        to: Address::new("tel", "100"),
        content: Some(content.into()),
        session: None,
        answer_by: None,
        transport_metadata: Object::new(),
        created_at: Timestamp::from_micros(0),
    }
}

fn arrival(channel: i64, content: &str) -> Arrival {
    Arrival::Inbound(Box::new(SpooledInbound {
        message: message(1, channel, content),
        trail: Trail::default(),
        lease: None,
    }))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

async fn keep(spool: &Arc<Spool>, channel: i64, content: &str) -> Result<(), StoreError> {
    spool.keep(arrival(channel, content), at(5)).await
}

async fn entries(spool: &Spool) -> Vec<Entry> {
    spool.oldest(1000).await.unwrap()
}

async fn contents(spool: &Spool) -> Vec<String> {
    let content = |entry: &Entry| match &entry.arrival {
        Ok(Arrival::Inbound(inbound)) => inbound.message.content.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    entries(spool).await.iter().map(content).collect()
}

fn open(folder: &Path, bounds: SpoolBounds) -> Arc<Spool> {
    Spool::open(folder, bounds).unwrap()
}

#[tokio::test]
async fn what_is_kept_is_there_in_order_after_the_process_until_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), ROOM);
    for (channel, content) in [(2, "a"), (3, "b"), (2, "c")] {
        keep(&spool, channel, content).await.unwrap();
    }
    let held = spool.status();
    spool.close();
    let again = open(folder.path(), ROOM);
    assert_eq!(again.status(), held);
    assert_eq!((held.messages, held.oldest), (3, Some(at(5))));
    assert_eq!(contents(&again).await, ["a", "b", "c"]);
    let removals = entries(&again).await;
    again
        .remove(&[removals[0].removal(None), removals[1].removal(None)])
        .await
        .unwrap();
    assert_eq!((again.holds(2), again.holds(3)), (true, false));
    again.remove(&[removals[2].removal(Some("no".into()))]).await.unwrap();
    let status = again.status();
    assert_eq!(
        (status.messages, status.bytes, status.oldest, status.refused),
        (0, 0, None, 1)
    );
    again.close();
    assert_eq!(open(folder.path(), ROOM).status(), status);
}

#[tokio::test]
async fn a_full_spool_refuses_and_takes_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    for bounds in [SpoolBounds { messages: 3, ..ROOM }, SpoolBounds { bytes: 1200, ..ROOM }] {
        let spool = open(folder.path(), bounds);
        let mut kept = 0;
        let refused = loop {
            match keep(&spool, 2, "text").await {
                Ok(()) => kept += 1,
                Err(error) => break error,
            }
        };
        assert!(refused.to_string().contains("the spool is full"), "{refused}");
        assert_eq!((kept, entries(&spool).await.len()), (3, 3));
        let first = entries(&spool).await[0].removal(None);
        spool.remove(&[first]).await.unwrap();
        keep(&spool, 2, "text").await.unwrap();
        let all: Vec<_> = entries(&spool).await.iter().map(|entry| entry.removal(None)).collect();
        spool.remove(&all).await.unwrap();
        spool.close();
    }
}

#[tokio::test]
async fn what_comes_at_once_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), ROOM);
    let keeping: Vec<_> = (0..100)
        .map(|number| {
            let spool = Arc::clone(&spool);
            tokio::spawn(async move { keep(&spool, number % 3, "x").await })
        })
        .collect();
    for kept in keeping {
        kept.await.unwrap().unwrap();
    }
    let status = spool.status();
    spool.close();
    let again = open(folder.path(), ROOM);
    assert_eq!((again.status(), status.messages), (status, 100));
}

#[tokio::test]
async fn a_sender_who_hangs_up_leaves_the_count_right() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), ROOM);
    tokio::select! {
        biased;
        _ = keep(&spool, 2, "x") => panic!("it was kept at once"),
        () = std::future::ready(()) => {}
    }
    keep(&spool, 2, "y").await.unwrap();
    assert_eq!(contents(&spool).await, ["x", "y"]);
    assert_eq!(spool.status().messages, 2);
}

async fn check_moved_aside(spoil: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), ROOM);
    for _ in 0..50 {
        keep(&spool, 2, &"x".repeat(500)).await.unwrap();
    }
    spool.close();
    drop(spool);
    let file = folder.path().join("spool.db");
    spoil(&file);
    let spoilt = std::fs::read(&file).unwrap();
    let again = open(folder.path(), ROOM);
    assert_eq!((again.status().messages, again.status().files_aside), (0, 1));
    keep(&again, 2, "new").await.unwrap();
    assert_eq!(contents(&again).await, ["new"]);
    let names = std::fs::read_dir(folder.path()).unwrap();
    let aside = names
        .map(|name| name.unwrap().path())
        .find(|path| path.to_string_lossy().contains("spool.db.corrupt-"))
        .unwrap();
    assert_eq!(std::fs::read(aside).unwrap(), spoilt, "it is kept as it was");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_moved_aside_and_the_spool_begins_anew() {
    check_moved_aside(|file| std::fs::write(file, vec![7; 8192]).unwrap()).await;
    check_moved_aside(|file| {
        let mut bytes = std::fs::read(file).unwrap();
        for page in bytes.chunks_mut(4096).skip(2) {
            page[..64].fill(0xa5);
        }
        std::fs::write(file, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_entry_the_disk_has_changed_is_not_taken_for_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), ROOM);
    keep(&spool, 2, "to be changed").await.unwrap();
    keep(&spool, 2, "to be left").await.unwrap();
    spool.close();
    let file = folder.path().join("spool.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let place = bytes.windows(13).position(|window| window == b"to be changed").unwrap();
    bytes[place] = b'T';
    std::fs::write(&file, bytes).unwrap();
    let again = open(folder.path(), ROOM);
    let entries = entries(&again).await;
    assert_eq!(entries[0].arrival, Err("the disk has changed it".to_owned()));
    assert!(entries[1].arrival.is_ok());
}

#[tokio::test]
async fn a_closed_spool_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), ROOM);
    spool.close();
    let refused = keep(&spool, 2, "x").await.unwrap_err();
    assert_eq!(refused, StoreError::Unavailable("the spool is closed".into()));
    assert_eq!(spool.status().messages, 0);
}
