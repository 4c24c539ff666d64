//! A fake carrier: it takes submissions as its script says, sends receipts and messages, and keeps a ledger of all.
//!
//! It stands behind the engine's `Transport` with the channel type [`FakeCarrier`], or with [`LinkedCarrier`] where the
//! engine is in another process, or behind a running server's `http_json` channel with [`Carrier::serve`]. After a test, and whatever was killed meanwhile, [`ledger::compare`] says
//! whether each message arrived once.
//!
//! ```no_run
//! use ngoma_testkit::JsonClient;
//! use ngoma_testkit::carrier::{Behaviour, Carrier, Persons, PlannedReceipt, ledger};
//!
//! # async fn example(folder: &std::path::Path, server: &str, accepted: &[&str]) -> std::io::Result<()> {
//! let carrier = Carrier::new(&folder.join("ledger"))?;
//! let provider = carrier.serve().await?; // send_url = provider.submit_url(), allow_private = true
//! carrier.reports_to(JsonClient::new(format!("{server}/c/demo/sms")));
//! carrier.then(Behaviour::lose_response());
//! carrier.otherwise(|_| Behaviour::accept().receipt(PlannedReceipt::delivered()));
//!
//! let persons = carrier.persons_write(Persons::to("31022").per_second(50));
//! // … kill the server, start it again …
//! persons.finish().await;
//! carrier.send_receipts().await;
//! let verdict = ledger::compare(accepted.iter().copied(), &carrier.ledger());
//! assert!(verdict.is_exactly_once(), "{verdict}");
//! # Ok(())
//! # }
//! ```

mod channel;
mod http_front;
pub mod ledger;
mod link;
mod listener;
mod persons;
mod receipts;
mod script;

pub use channel::FakeCarrier;
pub use http_front::HttpFront;
pub use ledger::{PartSubmitted, Submission};
pub use link::{LinkFront, LinkedCarrier};
pub use persons::{Persons, Writing};
pub use receipts::SendingReceipts;
pub use script::{Answer, Behaviour, PlannedReceipt};

use crate::http::JsonClient;
use ledger::{Entry, Ledger, Line};
use listener::Listener;
use receipts::DueReceipt;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The numbers of messages begin here: large enough to look different in another base.
const FIRST_NUMBER: u64 = 1_000_000;

/// A carrier; its clones are the same carrier.
#[derive(Clone)]
pub struct Carrier(Arc<Inside>);

struct Inside {
    ledger: Ledger,
    plan: Mutex<Plan>,
    progress: watch::Sender<Progress>,
}

struct Plan {
    script: VecDeque<Behaviour>,
    otherwise: Arc<dyn Fn(&Submission) -> Behaviour + Send + Sync>,
    due: Vec<DueReceipt>,
    /// Who is told, one after the other.
    listeners: VecDeque<Listener>,
}

/// How far the carrier has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    submitted: u64,
    answered: u64,
    held: u64,
    releases: u64,
    waited_for: u64,
    is_cut: bool,
}

/// What the carrier answers to a submission.
#[derive(Serialize, Deserialize)]
struct Decision {
    answer: Answer,
    provider_id: Option<String>,
}

impl Carrier {
    /// A carrier that accepts everything, with a ledger in this file; an existing one goes on.
    pub fn new(ledger: &Path) -> io::Result<Self> {
        let plan = Plan {
            script: VecDeque::new(),
            otherwise: Arc::new(|_| Behaviour::accept()),
            due: Vec::new(),
            listeners: VecDeque::new(),
        };
        Ok(Self(Arc::new(Inside {
            ledger: Ledger::open(ledger)?,
            plan: Mutex::new(plan),
            progress: watch::Sender::default(),
        })))
    }

    /// Adds to the end of the script, which is for the next submissions.
    pub fn then(&self, behaviour: Behaviour) {
        self.plan().script.push_back(behaviour);
    }

    /// What to do when the script is at its end.
    pub fn otherwise(&self, decide: impl Fn(&Submission) -> Behaviour + Send + Sync + 'static) {
        self.plan().otherwise = Arc::new(decide);
    }

    /// Receipts and messages go to the web hook of a channel, `http://…/c/ACCOUNT/CHANNEL`.
    pub fn reports_to(&self, hook: JsonClient) {
        self.listen(Listener::WebHook(hook));
    }

    /// They go to this one as well, in turn: for several processes of one account.
    pub fn also_reports_to(&self, hook: JsonClient) {
        self.also_listen(Listener::WebHook(hook));
    }

    /// Lets every held submission go on.
    pub fn release(&self) {
        self.0.progress.send_modify(|progress| progress.releases += 1);
    }

    /// Lets no submission reach it, and no channel be ready, until the link is restored. What it has is decided about.
    pub fn cut_link(&self) {
        self.0.progress.send_modify(|progress| progress.is_cut = true);
    }

    /// Lets submissions reach it again.
    pub fn restore_link(&self) {
        self.0.progress.send_modify(|progress| progress.is_cut = false);
    }

    /// Waits until so many submissions have been seen.
    pub async fn until_submitted(&self, count: u64) {
        self.until(|progress| progress.submitted >= count).await;
    }

    /// Waits until channels have waited so often until they may submit.
    pub async fn until_waited_for(&self, count: u64) {
        self.until(|progress| progress.waited_for >= count).await;
    }

    /// Waits until so many submissions have been decided about.
    pub async fn until_answered(&self, count: u64) {
        self.until(|progress| progress.answered >= count).await;
    }

    /// Waits until so many submissions are held.
    pub async fn until_held(&self, count: u64) {
        self.until(|progress| progress.held >= count).await;
    }

    /// The ledger so far.
    pub fn ledger(&self) -> Vec<Line> {
        self.0.ledger.lines()
    }

    /// Every message that was handed to it so far, in order.
    pub fn submissions(&self) -> Vec<Submission> {
        let entries = self.ledger().into_iter().map(|line| line.entry);
        let submission = |entry| match entry {
            Entry::Submission(submission) => Some(submission),
            _ => None,
        };
        entries.filter_map(submission).collect()
    }

    /// Takes a submission and decides. The work goes on when the caller gives up, as a carrier's does.
    async fn submit(&self, submission: Submission) -> Decision {
        let carrier = self.clone();
        let work = tokio::spawn(async move { carrier.work_on(submission).await });
        work.await.expect("the ledger can be written")
    }

    async fn work_on(&self, submission: Submission) -> Decision {
        let number = self.0.ledger.record(Entry::Submission(submission.clone())).await;
        self.0.progress.send_modify(|progress| progress.submitted += 1);
        let behaviour = self.behaviour(&submission);
        if behaviour.is_held {
            self.hold().await;
        }
        if behaviour.cuts_link {
            self.cut_link();
        }
        let answer = behaviour.answer;
        let given = behaviour.provider_id;
        let new_id = || given.unwrap_or_else(|| (FIRST_NUMBER + number).to_string());
        let provider_id = answer.is_taken().then(new_id);
        if let Some(provider_id) = &provider_id {
            let receipts = receipts::due(&behaviour.receipts, &submission.message_id, provider_id);
            self.announce(receipts).await;
        }
        let entry = Entry::Answer {
            submission: number,
            message_id: submission.message_id,
            part: submission.part,
            answer,
            provider_id: provider_id.clone(),
        };
        self.0.ledger.record(entry).await;
        self.0.progress.send_modify(|progress| progress.answered += 1);
        Decision { answer, provider_id }
    }

    fn behaviour(&self, submission: &Submission) -> Behaviour {
        let (scripted, otherwise) = {
            let mut plan = self.plan();
            (plan.script.pop_front(), Arc::clone(&plan.otherwise))
        };
        scripted.unwrap_or_else(|| otherwise(submission))
    }

    fn is_cut(&self) -> bool {
        self.0.progress.borrow().is_cut
    }

    async fn until_linked(&self) {
        self.0.progress.send_modify(|progress| progress.waited_for += 1);
        self.until(|progress| !progress.is_cut).await;
    }

    /// Waits for the next release.
    async fn hold(&self) {
        let mut releases = 0;
        self.0.progress.send_modify(|progress| {
            progress.held += 1;
            releases = progress.releases;
        });
        self.until(|progress| progress.releases > releases).await;
        self.0.progress.send_modify(|progress| progress.held -= 1);
    }

    async fn until(&self, is_so: impl Fn(&Progress) -> bool) {
        let mut progress = self.0.progress.subscribe();
        // The sender lives as long as this carrier.
        let _ = progress.wait_for(is_so).await;
    }

    fn listen(&self, listener: Listener) {
        self.plan().listeners = VecDeque::from([listener]);
    }

    fn also_listen(&self, listener: Listener) {
        self.plan().listeners.push_back(listener);
    }

    /// Whose turn it is.
    fn listener(&self) -> Option<Listener> {
        let mut plan = self.plan();
        plan.listeners.retain(|listener| !listener.is_gone());
        let next = plan.listeners.pop_front()?;
        plan.listeners.push_back(next.clone());
        Some(next)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
