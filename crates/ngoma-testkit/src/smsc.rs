//! A carrier's SMSC for tests: the one in a box, which answers as it is told and sends nothing by itself.

use ngoma_smpp::pdu::{Bind, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, Config, Handle};
use ngoma_smsc::{Behaviour, Ids, NextAnswer, Order, ReceiptTerms, Settings, Status, When};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(30);

/// An SMSC on a port of this machine.
pub struct Smsc {
    smsc: ngoma_smsc::Smsc,
    /// How many binds the test has seen, and how many messages.
    binds_seen: Mutex<u64>,
    messages_seen: Mutex<u64>,
}

/// Nothing is answered until it is dropped.
pub struct Hold<'a>(&'a ngoma_smsc::Smsc);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.hold(false);
    }
}

impl Smsc {
    /// Starts one that takes every bind and every message, as `m1`, `m2`, …
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> Self {
        let behaviour = Behaviour {
            receipts: ReceiptTerms {
                when: When::None,
                ..ReceiptTerms::default()
            },
            ids: Ids {
                prefix: "m".into(),
                ..Ids::default()
            },
            ..Behaviour::default()
        };
        let settings = Settings {
            behaviour,
            session: Config::default(),
            first_id: 1,
            ..Settings::default()
        };
        Self {
            smsc: ngoma_smsc::Smsc::start(settings).await.expect("a port"),
            binds_seen: Mutex::default(),
            messages_seen: Mutex::default(),
        }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.smsc.address().port()
    }

    /// All that it can do.
    pub fn carrier(&self) -> &ngoma_smsc::Smsc {
        &self.smsc
    }

    /// The next session that is bound.
    ///
    /// # Panics
    /// When none is for half a minute.
    pub async fn bound(&self) -> Handle {
        let mut seen = self.binds_seen.lock().await;
        let (number, session) = soon(self.smsc.bound_after(*seen)).await;
        *seen = number;
        session
    }

    /// The next message that came.
    ///
    /// # Panics
    /// When none does for half a minute.
    pub async fn came(&self) -> ShortMessage {
        let mut seen = self.messages_seen.lock().await;
        soon(self.smsc.messages().grows_beyond(*seen)).await;
        let next = self.smsc.messages().after(*seen, 1).pop();
        let (number, came) = next.expect("it is kept");
        *seen = number;
        (*came.message).clone()
    }

    /// The binds that were asked for.
    pub fn asked(&self) -> Vec<Bind> {
        let asked = self.smsc.asked().after(0, usize::MAX);
        asked.into_iter().map(|(_, bind)| bind).collect()
    }

    /// What the next messages are answered; `None` leaves one without an answer.
    ///
    /// # Panics
    /// When very many wait.
    pub fn will(&self, answers: impl IntoIterator<Item = Option<Answer>>) {
        let answers = answers.into_iter().map(NextAnswer::from);
        self.smsc.will(answers).expect("few wait");
    }

    /// From now on binds are refused so, or granted.
    ///
    /// # Panics
    /// Never: such a behaviour can be.
    pub fn refuse_binds(&self, refusal: Option<CommandStatus>) {
        let mut behaviour = self.smsc.behaviour();
        behaviour.bind.refuse = refusal.map(Status);
        self.smsc.behave(behaviour).expect("it can be");
    }

    /// Nothing is answered while the guard is held.
    pub async fn hold(&self) -> Hold<'_> {
        self.smsc.hold(true);
        Hold(&self.smsc)
    }

    /// From now on all links carry nothing, and nobody is told: a network that is gone.
    pub async fn half_open(&self) {
        self.smsc.order(Order::HalfOpen).await;
    }

    /// Cuts all links, as a network does.
    pub fn cut(&self) {
        self.smsc.cut();
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("it comes soon")
}
