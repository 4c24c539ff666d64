//! Which database `ngoma serve` keeps its messages in.

use crate::program::{binary, path_text};
use ngoma_testkit::{NgomaProcess, servers};

#[tokio::test(flavor = "multi_thread")]
async fn the_database_that_serve_is_told_holds_its_messages() {
    if !servers::available() {
        return;
    }
    let database = servers::postgres().database();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let args = ["serve", "--data", path_text(&data), "--store", &database.url()];
    let server = NgomaProcess::start(&binary(), &args, folder.path()).await.unwrap();
    assert_eq!(database.query("SELECT count(*) FROM ngoma.worker"), "1");
    assert!(!data.join("ngoma.db").exists());
    let log = server.log();
    let says = |line: &str| log.lines().any(|said| said.starts_with(line));
    assert!(
        says("store    PostgreSQL, 127.0.0.1:") && says("queue    in the store's database"),
        "{log}"
    );
}
