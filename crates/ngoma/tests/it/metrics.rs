//! Metrics on an address of their own.

use crate::program::{Server, one_error_line, path_text, run, ussd};
use ngoma_testkit::JsonClient;
use ngoma_testkit::process::free_port;

/// A server that tells metrics on this port, and a client of that.
async fn told(port: u16) -> (Server, JsonClient) {
    let server = Server::light_with(&format!("metrics_listen = \"127.0.0.1:{port}\"")).await;
    (server, JsonClient::new(format!("http://127.0.0.1:{port}")))
}

async fn status(client: &JsonClient, path: &str) -> u16 {
    client.get(path).await.unwrap().status
}

/// The only worker's number.
async fn epoch(client: &JsonClient) -> i64 {
    let workers = client.get("/workers").await.unwrap().json()["workers"].clone();
    let [worker] = workers.as_array().unwrap().as_slice() else {
        panic!("{workers}");
    };
    assert!(worker["beat_age_seconds"].is_number(), "{workers}");
    worker["epoch"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_told_on_their_own_address_and_nowhere_else() {
    let port = free_port().unwrap();
    let (server, metrics) = told(port).await;
    let answer = server
        .post("/c/test/ussd", &ussd("s1", "+27831234567", "new", None))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = metrics.get("/metrics").await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let received = "\nngoma_messages_received_total{account=\"test\",channel=\"ussd\"} 1\n";
    assert!(answer.text().contains(received), "{}", answer.text());
    for (path, expected) in [("/health", 200), ("/ready", 200), ("/c/test/ussd", 404), ("/", 404)] {
        assert_eq!(status(&metrics, path).await, expected, "{path}");
    }
    let public = server.process.client();
    for (path, expected) in [("/health", 200), ("/metrics", 404), ("/workers", 404)] {
        assert_eq!(status(&public, path).await, expected, "{path}");
    }
    let line = format!("metrics  http://127.0.0.1:{port}/metrics");
    assert!(server.process.log().contains(&line), "{}", server.process.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_metrics_address() {
    let (server, metrics) = told(free_port().unwrap()).await;
    let first = epoch(&metrics).await;
    server.process.signal(libc::SIGHUP).unwrap();
    while epoch(&metrics).await == first {
        assert_eq!(status(&metrics, "/metrics").await, 200);
    }
    assert_eq!(epoch(&metrics).await, first + 1);
    assert_eq!(status(&metrics, "/metrics").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_no_metrics_unless_asked() {
    let server = Server::empty().await;
    assert!(!server.process.log().contains("metrics"), "{}", server.process.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metrics_address_that_cannot_be_is_one_line() {
    let server = Server::empty().await;
    let in_use = format!("127.0.0.1:{}", server.process.port());
    let folder = tempfile::tempdir().unwrap();
    for (address, named) in [
        ("0.0.0.0:0", "metrics_public = true"),
        ("9100", "expected an IP address and a port"),
        (in_use.as_str(), "choose another with --metrics-listen"),
    ] {
        let data = path_text(folder.path());
        let args = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            address,
            "--data",
            data,
        ];
        let error = one_error_line(&run(&args, ""));
        assert!(error.contains(address) && error.contains(named), "{error}");
    }
}
