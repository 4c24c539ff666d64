//! The writer: what one transaction holds together and what it does not.

use super::OpError;
use crate::store::sql::{Db, args};
use crate::store::{NO_ACCOUNT, Store, StoreChoice, StoreError, StoreOptions};
use std::sync::mpsc;
use tempfile::TempDir;

async fn open(folder: &TempDir, max_pages: Option<u64>) -> Store {
    let options = StoreOptions {
        max_pages,
        ..StoreOptions::of_a_test(StoreChoice::Sqlite)
    };
    Store::open(folder.path(), options).await.unwrap()
}

fn add_account(code: String) -> impl FnMut(&mut dyn Db) -> Result<(), OpError> + Send + 'static {
    move |db| {
        db.execute("INSERT INTO account (code) VALUES (?1)", &args![&code])?;
        Ok(())
    }
}

async fn accounts(store: &Store) -> Vec<String> {
    let loaded = store.load_directory().await.unwrap();
    let mut codes: Vec<String> = loaded.accounts.into_iter().map(|account| account.code).collect();
    codes.sort();
    codes
}

#[tokio::test]
async fn a_failing_operation_does_not_spoil_the_others_of_its_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, None).await;
    // While the writer is held, the others gather.
    let (go_on, held) = mpsc::channel::<()>();
    let hold = store.write(NO_ACCOUNT, move |_| {
        let _ = held.recv();
        Ok(())
    });
    let others = async {
        let all = async {
            tokio::join!(
                store.write(NO_ACCOUNT, add_account("a".into())),
                store.write(NO_ACCOUNT, add_account("a".into())),
                store.write(NO_ACCOUNT, |db| {
                    db.execute("INSERT INTO account (code) VALUES ('half')", &[])?;
                    Err::<(), _>(OpError::Refused("not this".into()))
                }),
                store.write(NO_ACCOUNT, add_account("b".into())),
            )
        };
        let release = async {
            tokio::task::yield_now().await;
            drop(go_on);
        };
        tokio::join!(all, release).0
    };
    let (held, (first, twice, refused, last)) = tokio::join!(hold, others);
    assert_eq!((held, first, last), (Ok(()), Ok(()), Ok(())));
    assert!(matches!(twice, Err(StoreError::Refused(_))), "{twice:?}");
    assert_eq!(refused, Err(StoreError::Refused("not this".into())));
    assert_eq!(accounts(&store).await, ["a", "b"]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_writing_works_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, Some(60)).await;
    let mut stored = 0;
    let full = loop {
        match store.write(NO_ACCOUNT, add_account(format!("{stored:0>2000}"))).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, StoreError::Unavailable("the disk is full".into()));
    assert_eq!(accounts(&store).await.len(), stored);
    store
        .write(NO_ACCOUNT, |db| {
            Ok(db.query("PRAGMA max_page_count = 100000", &[]).map(drop)?)
        })
        .await
        .unwrap();
    store.write(NO_ACCOUNT, add_account("room".into())).await.unwrap();
    assert_eq!(accounts(&store).await.len(), stored + 1);
}

#[tokio::test]
async fn a_closed_store_says_so_and_gives_its_lease_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, None).await;
    store.write(NO_ACCOUNT, add_account("a".into())).await.unwrap();
    store.close();
    assert_eq!(store.ping().await, Err(StoreError::Unavailable("it is closed".into())));
    let again = open(&folder, None).await;
    assert_eq!(accounts(&again).await, ["a"]);
    assert!(again.epoch() > store.epoch());
}

#[tokio::test]
async fn an_operation_that_panics_is_refused_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, None).await;
    let broken = store.write(NO_ACCOUNT, |db| {
        let added = db.execute("INSERT INTO account (code) VALUES ('half')", &[])?;
        assert_eq!(added, 0, "it broke");
        Ok(())
    });
    let refused = broken.await.unwrap_err().to_string();
    assert!(refused.contains("it broke"), "{refused}");
    store.write(NO_ACCOUNT, add_account("a".into())).await.unwrap();
    assert_eq!(accounts(&store).await, ["a"]);
}
