//! A carrier and an ESME, for the tests of what each setting does.

mod api;
mod behaviour;
mod ledger;

use crate::smsc::{Settings, Smsc};
use crate::text;
use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, ShortMessage, SmeAddress};
use ngoma_smpp::{Answer, CommandStatus, Config, Connection, EndReason, Handle, Handler, Outcome, Role};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

/// An ESME that notes what comes, and refuses as often as it is told.
struct Esme {
    session: Handle,
    came: Mutex<mpsc::UnboundedReceiver<(Instant, ShortMessage)>>,
}

struct Taker {
    came: mpsc::UnboundedSender<(Instant, ShortMessage)>,
    refusals: std::sync::Mutex<u32>,
}

#[async_trait]
impl Handler for Taker {
    async fn take(&self, _: Operation, message: ShortMessage) -> Answer {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Answer::refused(CommandStatus::QUEUE_FULL);
        }
        let _ = self.came.send((Instant::now(), message));
        Answer::default()
    }
}

fn bind(system_id: &str, password: &str, mode: BindMode) -> Bind {
    Bind {
        mode,
        system_id: system_id.into(),
        password: password.into(),
        system_type: String::new(),
        interface_version: 0x34,
        address_range: SmeAddress::default(),
    }
}

impl Esme {
    async fn bound_to(smsc: &Smsc) -> Self {
        Self::bind(smsc, &bind("clinic", "drum", BindMode::Transceiver), 0)
            .await
            .unwrap()
    }

    async fn bind(smsc: &Smsc, bind: &Bind, refusals: u32) -> Result<Self, EndReason> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        smsc.attach(theirs);
        let (sender, came) = mpsc::unbounded_channel();
        let taker = Taker {
            came: sender,
            refusals: refusals.into(),
        };
        let config = Config {
            window: 1_000,
            response_timeout: Duration::from_secs(3_600),
            ..Config::default()
        };
        let (mut connection, mut session) = Connection::new(Role::Esme, config, Arc::new(taker));
        connection.bind(bind).unwrap();
        tokio::spawn(connection.run(ours));
        session.bound().await?;
        Ok(Self {
            session,
            came: Mutex::new(came),
        })
    }

    async fn submit(&self, text: &str) -> Outcome {
        self.session.send(Operation::Submit, message(text)).await
    }

    async fn taken(&self, text: &str) -> String {
        match self.submit(text).await {
            Outcome::Answered(answer) if answer.status.is_ok() => answer.response.message_id,
            other => panic!("{other:?}"),
        }
    }

    async fn status(&self, text: &str) -> CommandStatus {
        match self.submit(text).await {
            Outcome::Answered(answer) => answer.status,
            other => panic!("{other:?}"),
        }
    }

    /// The text of the next that comes, and when it came.
    async fn next(&self) -> (Instant, String) {
        let (at, message) = self.came.lock().await.recv().await.unwrap();
        (at, text::read(&message).0)
    }
}

fn message(text: &str) -> ShortMessage {
    ShortMessage {
        source: text::address("8864").unwrap(),
        destination: text::address("+27831234567").unwrap(),
        registered_delivery: 1,
        short_message: text.to_owned().into(),
        ..ShortMessage::default()
    }
}

async fn smsc(behaviour: Value) -> Smsc {
    smsc_with(behaviour, None).await
}

async fn smsc_with(behaviour: Value, ledger: Option<PathBuf>) -> Smsc {
    let settings = Settings {
        behaviour: serde_json::from_value(behaviour).unwrap(),
        ledger,
        first_id: 6_699,
        seed: 1,
        ..Settings::default()
    };
    Smsc::start(settings).await.unwrap()
}
