//! What must not be in the log, at any level that can be set.

use super::{connected, options, to_queue, until};
use ngoma_engine::amqp::{Bus, Publication, Published};
use ngoma_testkit::servers;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

const PASSWORD: &str = "pa55word";
const BODY: &str = "the-body-of-a-message";

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_password_nor_a_body_is_logged() {
    if !servers::available() {
        return;
    }
    let found = Arc::new(Mutex::new(Vec::new()));
    let watcher = Watcher { found: found.clone() };
    tracing::subscriber::set_global_default(watcher).expect("no other test does it");
    tracing::info!("a line with {PASSWORD}, to see that it is watched");

    let url = servers::rabbitmq().vhost();
    let wrong = Bus::open(&url.replace("guest:guest", &format!("guest:{PASSWORD}")), options()).expect("an address");
    let status = until(&wrong, |status| status.to_string().contains("ACCESS")).await;
    assert!(!format!("{status:?}").contains(PASSWORD), "{status:?}");
    let bus = connected(&url).await;
    let comes_back = Publication {
        body: BODY.into(),
        ..to_queue("nowhere", 1)
    };
    assert_eq!(bus.publish(vec![comes_back]).await, [Published::Unroutable]);
    tokio::join!(wrong.close(), bus.close());
    let found = found.lock().expect("no panic");
    assert_eq!(found.len(), 1, "{found:?}");
}

/// Keeps the lines with something in them that must not be there.
struct Watcher {
    found: Arc<Mutex<Vec<String>>>,
}

struct Line(String);

impl Subscriber for Watcher {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        // A body is shown as the list of its bytes too.
        let bytes = format!("{:?}", BODY.as_bytes());
        let is_bad = [PASSWORD, BODY, bytes.trim_matches(['[', ']'])]
            .iter()
            .any(|bad| line.0.contains(bad));
        if is_bad {
            self.found.lock().expect("no panic").push(line.0);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}
