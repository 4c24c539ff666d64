//! People who write: messages to the other side at a steady rate, each sent again until it is taken.

use super::Carrier;
use super::ledger::Entry;
use super::listener::FromPerson;
use ngoma_message::MessageId;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long the carrier waits before it sends a message again that was not taken.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Who writes, to whom and how often.
#[derive(Clone, Debug)]
pub struct Persons {
    to: String,
    text: String,
    count: u64,
    messages: u64,
    pause: Duration,
}

/// People who write until told to stop.
pub struct Writing {
    stop: watch::Sender<bool>,
    work: JoinHandle<()>,
}

impl Persons {
    /// A thousand persons who write `hello` to this address, ten times a second between them.
    pub fn to(address: &str) -> Self {
        Self {
            to: address.to_owned(),
            text: "hello".to_owned(),
            count: 1000,
            messages: u64::MAX,
            pause: Duration::from_millis(100),
        }
    }

    /// The same with another text.
    pub fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// The same, so many persons.
    pub fn count(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// The same, so many messages and no more.
    pub fn messages(mut self, messages: u64) -> Self {
        self.messages = messages;
        self
    }

    /// The same, so many messages a second.
    pub fn per_second(mut self, messages: u32) -> Self {
        self.pause = Duration::from_secs(1) / messages;
        self
    }

    fn message(&self, number: u64) -> FromPerson {
        FromPerson {
            provider_id: format!("mo-{}", MessageId::generate()),
            from: format!("+2783{:07}", number % self.count),
            to: self.to.clone(),
            text: self.text.clone(),
        }
    }
}

impl Carrier {
    /// One person writes one message; it is sent once. The id it is stored under, if it was taken.
    pub async fn person_writes(&self, from: &str, to: &str, text: &str) -> Option<String> {
        let message = FromPerson {
            from: from.to_owned(),
            ..Persons::to(to).text(text).message(0)
        };
        self.accept_from_person(&message).await;
        self.hand_over(&message).await
    }

    /// Lets persons write from now on. Each message has an id of its own and is sent until it is taken.
    pub fn persons_write(&self, persons: Persons) -> Writing {
        let (stop, stopped) = watch::channel(false);
        let work = tokio::spawn(write(self.clone(), persons, stopped));
        Writing { stop, work }
    }

    async fn accept_from_person(&self, message: &FromPerson) {
        let entry = Entry::Inbound {
            provider_id: message.provider_id.clone(),
            from: message.from.clone(),
            text: message.text.clone(),
        };
        self.0.ledger.record(entry).await;
    }

    async fn hand_over(&self, message: &FromPerson) -> Option<String> {
        let message_id = self.listener()?.hand_over(message).await?;
        let entry = Entry::InboundTaken {
            provider_id: message.provider_id.clone(),
            message_id: message_id.clone(),
        };
        self.0.ledger.record(entry).await;
        Some(message_id)
    }
}

impl Writing {
    /// Returns when all messages are taken that were to be written.
    pub async fn to_the_last(self) {
        self.work.await.expect("the ledger can be written");
    }

    /// No more messages are written; returns when all that were are taken.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        self.work.await.expect("the ledger can be written");
    }
}

/// Nobody who writes waits for another's message to be taken, and what a busy moment delayed is made up for.
async fn write(carrier: Carrier, persons: Persons, mut stopped: watch::Receiver<bool>) {
    let mut pace = tokio::time::interval(persons.pause);
    let mut under_way = JoinSet::new();
    for number in 0..persons.messages {
        tokio::select! {
            _ = pace.tick() => {}
            // Whoever started it is gone, or wants an end.
            _ = stopped.wait_for(|stop| *stop) => break,
        }
        under_way.spawn(bring(carrier.clone(), persons.message(number)));
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
}

/// Sends a message until it is taken.
async fn bring(carrier: Carrier, message: FromPerson) {
    carrier.accept_from_person(&message).await;
    while carrier.hand_over(&message).await.is_none() {
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}
