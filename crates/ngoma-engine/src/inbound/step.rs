//! A message reaches its service: the step runs, and what it did is committed whole or not at all.

use super::Job;
use super::answers::{Answer, Plan};
use super::session::{self, SessionTurn};
use super::wire::as_vumi;
use crate::Clock;
use crate::bridge;
use crate::directory::{ChannelEntry, ServiceEntry, ServiceKind};
use crate::engine::Runtime;
use crate::panics::caught;
use crate::ports::{AccountPorts, OfService};
use crate::record::Status;
use crate::relay;
use crate::service::{KvReader, LogLine, PortError, Ports, ServiceError, Step, StepInput, StepOutcome};
use crate::store::{NewStepRecord, StepCommit, Store, StoreError};
use crate::suspects::STEP_ATTEMPTS;
use crate::trace::Trail;
use crate::versions::{self, LoadVersionError, recorded};
use async_trait::async_trait;
use ngoma_message::{MessageId, Timestamp};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

impl Job {
    /// Runs the service's step and commits it. Gives the answers to be sent now that they are durable; none tells why.
    pub(super) async fn run_step(
        &self,
        channel: &ChannelEntry,
        service: &Arc<ServiceEntry>,
        session: Option<&SessionTurn>,
        mut trail: Trail,
    ) -> Result<Vec<Answer>, String> {
        let runtime = &self.runtime;
        let begun = runtime.clock.now();
        trail.note(begun, "deliver", format!("to service {}", service.key.service));
        let step = Step {
            input: StepInput::Message(as_vumi(
                &self.message,
                &channel.name,
                Some(self.running.description.transport_type),
                session.map(|session| &session.event),
            )),
            wall_limit: runtime.limits.step_wall,
        };
        let version = session::version(session, service);
        if version != service.key.version {
            let stays = format!(
                "the session stays with version {version} of service {}",
                service.key.service
            );
            trail.note(begun, "deliver", stays);
        }
        let outcome = match self.step_often_enough(service, version, &step, &mut trail).await? {
            Ok(outcome) => self.guard_replies(outcome),
            Err(panic) => {
                let failure = format!("the step broke off: {panic}");
                self.commit_given_up(service, session, &failure, trail).await?;
                return Err(format!("the service failed: {failure}"));
            }
        };
        note_requests(&outcome, runtime.clock.now(), None, &mut trail);
        let record = recorded(runtime, (service.id, version), &step.input, &outcome);
        match &outcome.error {
            Some(error) => {
                let failure = failure_text(error);
                self.commit_failure(service, session, outcome.log, &failure, record, trail)
                    .await?;
                Err(format!("the service failed: {failure}"))
            }
            None => {
                self.commit_success(channel, service, session, outcome, record, trail)
                    .await
            }
        }
    }

    /// Runs the step, and again when it panics: what it does to the outside may so be done more than once.
    async fn step_often_enough(
        &self,
        service: &ServiceEntry,
        version: i64,
        step: &Step,
        trail: &mut Trail,
    ) -> Result<Result<StepOutcome, String>, String> {
        let runtime = &self.runtime;
        for attempt in 1.. {
            let stepped = step_with_keys(runtime, service, version, step, || self.is_too_late()).await;
            match stepped.map_err(|error| error.to_string())? {
                Err(panic) if attempt < STEP_ATTEMPTS => {
                    let said = format!("broke off: {panic}; it is tried again");
                    trail.note(runtime.clock.now(), "step", said);
                }
                stepped => return Ok(stepped),
            }
        }
        Err("it was not tried".to_owned())
    }

    /// A step may answer the one message it was given.
    fn guard_replies(&self, mut outcome: StepOutcome) -> StepOutcome {
        let id = self.message.id.as_str();
        let stray = outcome.replies.iter().find(|reply| reply.in_reply_to != id);
        if let (Some(stray), None) = (stray, &outcome.error) {
            outcome.error = Some(ServiceError {
                message: format!("Could not find original message with id: '{}'", stray.in_reply_to),
                file: None,
                line: None,
                column: None,
            });
        }
        outcome
    }

    async fn commit_failure(
        &self,
        service: &ServiceEntry,
        session: Option<&SessionTurn>,
        log: Vec<LogLine>,
        failure: &str,
        record: Option<NewStepRecord>,
        trail: Trail,
    ) -> Result<(), String> {
        let mut commit = self.failure(service, session, log, failure, trail);
        commit.record = record;
        self.store(commit).await.map_err(|error| error.to_string())
    }

    fn failure(
        &self,
        service: &ServiceEntry,
        session: Option<&SessionTurn>,
        mut log: Vec<LogLine>,
        failure: &str,
        mut trail: Trail,
    ) -> StepCommit {
        trail.note(self.runtime.clock.now(), "step", format!("failed: {failure}"));
        log.push(LogLine {
            level: "error".into(),
            message: format!("{failure}; message {}", self.message.id),
        });
        let mut commit = self.commit(Some(service), Status::Failed, Some(failure.to_owned()), trail);
        commit.log = log;
        commit.session = self.session_after(session, service, true);
        commit
    }

    /// As a failure, and it lies among the dead letters.
    async fn commit_given_up(
        &self,
        service: &ServiceEntry,
        session: Option<&SessionTurn>,
        failure: &str,
        trail: Trail,
    ) -> Result<(), String> {
        tracing::warn!(message.id = %self.message.id, reason = failure, "a message was given up");
        let mut commit = self.failure(service, session, Vec::new(), failure, trail);
        commit.given_up_after = Some(STEP_ATTEMPTS);
        self.store(commit).await.map_err(|error| error.to_string())
    }

    async fn commit_success(
        &self,
        channel: &ChannelEntry,
        service: &ServiceEntry,
        session: Option<&SessionTurn>,
        outcome: StepOutcome,
        record: Option<NewStepRecord>,
        mut trail: Trail,
    ) -> Result<Vec<Answer>, String> {
        let did = match service.kind {
            ServiceKind::Script | ServiceKind::Relay => what_it_did(&outcome),
            ServiceKind::VumiAmqp => "handed to its application, which answers by itself".to_owned(),
        };
        trail.note(self.runtime.clock.now(), "step", did);
        let goes_on = outcome.replies.iter().all(|reply| reply.continue_session);
        let people = self.people(service, &outcome, &mut trail);
        let plan = Plan::make(self, channel, service, outcome.replies, outcome.sends, &mut trail);
        let mut commit = self.commit(Some(service), Status::Handled, None, trail);
        commit.session = self.session_after(session, service, goes_on);
        commit.kv = outcome.kv;
        commit.metrics = outcome.metrics;
        commit.log = outcome.log;
        commit.people = people.clone();
        commit.outbound = plan.messages.clone();
        commit.record = record.clone();
        match self.store(commit).await {
            Ok(()) => {
                self.note_hand_overs(&people);
                Ok(plan.answers(&self.message.id, self.runtime.clock.now(), self.lease))
            }
            // One of its writes cannot be done: as if the service had failed, so that its author learns of it.
            Err(StoreError::Refused(problem)) => {
                let trail = Trail::default();
                self.commit_failure(service, session, Vec::new(), &problem, record, trail)
                    .await?;
                Err(format!("what the service did was not stored: {problem}"))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn session_after(
        &self,
        session: Option<&SessionTurn>,
        service: &ServiceEntry,
        goes_on: bool,
    ) -> Option<crate::store::SessionRow> {
        let (now, lifetime) = (self.runtime.clock.now(), self.runtime.limits.session_lifetime);
        let version = session::version(session, service);
        session::after(&self.message, session?, (service.id, version), goes_on, now, lifetime)
    }
}

/// Notes the calls a step made, in the trace of the message it was about, or of the one told.
pub(crate) fn note_requests(outcome: &StepOutcome, at: Timestamp, about: Option<&MessageId>, trail: &mut Trail) {
    for request in &outcome.requests {
        let code = request.code.map_or("no answer".to_owned(), |code| code.to_string());
        let asked = format!(
            "{} {}: {code}",
            request.request.method,
            without_secrets(&request.request.url)
        );
        match about {
            Some(about) => trail.note_about(about, at, "request", asked),
            None => trail.note(at, "request", asked),
        }
    }
}

/// `gave 1 answer, sent 2 messages, wrote 1 key`; what it did not do is left out.
pub(crate) fn what_it_did(outcome: &StepOutcome) -> String {
    let count = |number: usize, thing: &str| match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    };
    let done = [
        ("gave", outcome.replies.len(), "answer"),
        ("sent", outcome.sends.len(), "message"),
        ("wrote", outcome.kv.len(), "key"),
        ("changed", outcome.contacts.len(), "contact"),
        ("changed", outcome.opt_outs.len(), "opt-out"),
    ];
    let told: Vec<String> = done
        .iter()
        .filter(|(_, number, _)| *number > 0)
        .map(|(verb, number, thing)| format!("{verb} {}", count(*number, thing)))
        .collect();
    if told.is_empty() {
        return "did nothing".to_owned();
    }
    told.join(", ")
}

/// Addresses carry secrets in their query, and passwords before their host: the trace does without.
fn without_secrets(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or(url);
    let (scheme, rest) = plain.split_once("://").unwrap_or(("", plain));
    let (host, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or(host);
    match scheme {
        "" => format!("{host}{path}"),
        scheme => format!("{scheme}://{host}{path}"),
    }
}

/// `TypeError: x is undefined (main.ts line 12)`.
pub(crate) fn failure_text(error: &ServiceError) -> String {
    match (&error.file, error.line) {
        (Some(file), Some(line)) => format!("{} ({file} line {line})", error.message),
        (Some(file), None) => format!("{} ({file})", error.message),
        _ => error.message.clone(),
    }
}

/// Runs a step; again from its beginning when it failed since its keys could not be read: what it did is stored nowhere
/// yet. Inside the result is why it panicked; outside is why the keys stay unread.
pub(crate) async fn step_with_keys(
    runtime: &Arc<Runtime>,
    service: &ServiceEntry,
    version: i64,
    step: &Step,
    is_too_late: impl Fn() -> bool,
) -> Result<Result<StepOutcome, String>, StoreError> {
    match service.kind {
        ServiceKind::Script => {}
        ServiceKind::Relay => return Ok(Ok(relay::hand_on(service, &step.input))),
        ServiceKind::VumiAmqp => {
            let passed = bridge::pass_on(runtime, service, &step.input, is_too_late);
            return passed.await.map(Ok);
        }
    }
    let key = match versions::loaded(runtime, service, version).await {
        Ok(key) => key,
        Err(LoadVersionError::Store(error)) => return Err(error),
        Err(error) => return Ok(Ok(cannot_run(version, &error))),
    };
    loop {
        let keys = Arc::new(Keys::of(runtime, service));
        let account = OfService::new(runtime, service);
        let ports = ports(runtime, service, Arc::clone(&keys), account.ports());
        let stepping = Instant::now();
        let stepped = caught(runtime.runner.step(&key, step.clone(), ports)).await;
        runtime.metrics.measure_step(stepping.elapsed());
        let has_failed = stepped.as_ref().map_or(true, |outcome| outcome.error.is_some());
        if !has_failed || !(keys.were_away() || account.was_away()) || is_too_late() {
            return Ok(stepped);
        }
        runtime.persist(|| runtime.store.ping()).await?;
    }
}

/// The failure of a step whose version is not there.
fn cannot_run(version: i64, error: &LoadVersionError) -> StepOutcome {
    let error = ServiceError {
        message: format!("version {version}, which the session began with, cannot be loaded: {error}"),
        file: None,
        line: None,
        column: None,
    };
    StepOutcome {
        error: Some(error),
        ..StepOutcome::default()
    }
}

fn ports(runtime: &Runtime, service: &ServiceEntry, keys: Arc<Keys>, account: AccountPorts) -> Ports {
    Ports {
        kv: keys,
        http: Arc::clone(&runtime.http_port),
        config: Arc::clone(&service.config),
        http_allow: service.http_allow.clone(),
        account,
        clock: Arc::clone(&runtime.clock),
        seed: None,
    }
}

/// One service's keys.
struct Keys {
    store: Store,
    account: i64,
    service: i64,
    clock: Arc<dyn Clock>,
    were_away: AtomicBool,
}

impl Keys {
    fn of(runtime: &Runtime, service: &ServiceEntry) -> Self {
        Self {
            store: runtime.store.clone(),
            account: service.account,
            service: service.id,
            clock: Arc::clone(&runtime.clock),
            were_away: AtomicBool::new(false),
        }
    }

    /// Whether the store did not give them once.
    fn were_away(&self) -> bool {
        self.were_away.load(Ordering::Relaxed)
    }

    fn port_error(&self, error: StoreError) -> PortError {
        if let StoreError::Unavailable(_) = &error {
            self.were_away.store(true, Ordering::Relaxed);
        }
        PortError(error.to_string())
    }
}

#[async_trait]
impl KvReader for Keys {
    async fn get(&self, key: &str) -> Result<Option<Value>, PortError> {
        let text = self.store.kv_get(self.account, self.service, key, self.clock.now());
        let text = text.await.map_err(|error| self.port_error(error))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| PortError(format!("key {key} cannot be read: {error}")))
    }

    async fn count(&self) -> Result<u64, PortError> {
        self.store
            .kv_count(self.account, self.service)
            .await
            .map_err(|error| self.port_error(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_shows_where_a_call_went_without_its_secrets() {
        for (url, shown) in [
            ("https://a.org/x?token=1#2", "https://a.org/x"),
            ("https://user:word@a.org/x@y", "https://a.org/x@y"),
            ("https://user:word@a.org?x", "https://a.org"),
            ("user:word@a.org/x", "a.org/x"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }
}
