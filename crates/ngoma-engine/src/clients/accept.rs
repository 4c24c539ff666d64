//! A client's messages are checked, stored all or none, and then taken up by the queue.

use super::{Client, hand_in};
use crate::channels::Running;
use crate::directory::{Catalog, ChannelEntry};
use crate::engine::Runtime;
use crate::outbound::{Priority, address_on, backlog, measure};
use crate::record::Status;
use crate::store::{AcceptResult, Acceptance, NewOutbound, Publish, StoreError};
use ngoma_message::{Address, MessageId, Object, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest address, in characters.
const LONGEST_ADDRESS: usize = 64;

/// One message as a client hands it over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// The channel of the account it goes out by.
    pub channel: String,
    /// Whom to, as the client writes it.
    pub to: String,
    /// The text.
    pub content: String,
    /// How urgent it is.
    pub priority: Priority,
    /// How long it is of use, from now on.
    pub valid_for: Option<Duration>,
}

/// A client's own key for a request, so that asking twice does it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The key.
    pub key: String,
    /// A hash of what is asked.
    pub request: Vec<u8>,
}

/// Why a client's messages were not taken; none of them was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// One of them cannot be sent as it is.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which one, from 0.
        index: usize,
        /// The field at fault.
        field: &'static str,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// The key was used for another request.
    #[error("the key was used before, for another request")]
    KeyTaken,
    /// Too much waits: try again later, with the same key if there was one.
    #[error("{problem}")]
    Full {
        /// What waits, and the limit.
        problem: String,
        /// How long what waits takes to send, if that can be told.
        time_to_drain: Option<Duration>,
        /// When to try again.
        retry_after: Duration,
    },
    /// The store does not take them now: try again later, with the same key if there was one.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// Takes a client's messages: all or none.
pub(super) async fn accept(
    runtime: &Arc<Runtime>,
    client: &Client,
    submissions: Vec<Submission>,
    key: Option<RequestKey>,
) -> Result<Vec<MessageId>, AcceptError> {
    if runtime.is_stopping() {
        return Err(AcceptError::Unavailable("the engine is closing down".into()));
    }
    let room = runtime.store.check_room().await;
    room.map_err(|error| AcceptError::Unavailable(error.to_string()))?;
    let catalog = runtime.catalog();
    let now = runtime.clock.now();
    let mut ways = Ways {
        runtime,
        catalog: &catalog,
        client,
        found: HashMap::new(),
    };
    let mut messages = Vec::with_capacity(submissions.len());
    for (index, submission) in submissions.into_iter().enumerate() {
        let checked = ways.message(submission, now);
        messages.push(checked.map_err(|(field, problem)| AcceptError::Invalid { index, field, problem })?);
    }
    for (channel, ..) in ways.found.values() {
        backlog::check(runtime, channel)?;
    }
    let ids = messages.iter().map(|message| message.id.clone()).collect();
    let acceptance = Acceptance {
        account: client.account,
        messages,
        at: now,
        lease: runtime.store.epoch(),
        idempotency: key.map(|key| (key.key, key.request)),
    };
    // Others find places of their own among what waits for the store.
    let place = match catalog.account(client.account) {
        Some(account) => Arc::clone(&account.accepting).acquire_owned().await.ok(),
        None => None,
    };
    match hand_in(runtime, acceptance, place).await {
        Ok(AcceptResult::Accepted) => Ok(ids),
        Ok(AcceptResult::Known(ids)) => Ok(ids),
        Ok(AcceptResult::KeyTaken) => Err(AcceptError::KeyTaken),
        Err(StoreError::Unavailable(reason) | StoreError::Refused(reason)) => Err(AcceptError::Unavailable(reason)),
    }
}

/// How long what waits on the channels that are named takes to send; of several the longest.
pub(super) fn time_to_drain(runtime: &Runtime, client: &Client, submissions: &[Submission]) -> Option<Duration> {
    let catalog = runtime.catalog();
    // A list mostly names one channel.
    let mut names: Vec<&str> = submissions
        .iter()
        .map(|submission| submission.channel.as_str())
        .collect();
    names.dedup();
    let code = &catalog.account(client.account)?.code;
    let channels = names.into_iter().filter_map(|name| catalog.channel_named(code, name));
    channels
        .filter_map(|channel| backlog::time_to_drain(runtime, channel))
        .max()
}

/// The field at fault and what is wrong with it.
pub(crate) type Problem = (&'static str, String);
/// A channel, its running part and its own address.
type Way<'a> = (&'a ChannelEntry, Arc<Running>, Option<Address>);

/// The channels that one request names, each looked up once.
struct Ways<'a> {
    runtime: &'a Runtime,
    catalog: &'a Catalog,
    client: &'a Client,
    found: HashMap<String, Way<'a>>,
}

impl<'a> Ways<'a> {
    fn message(&mut self, submission: Submission, now: Timestamp) -> Result<NewOutbound, Problem> {
        check_texts(&submission.to, &submission.content, self.runtime.limits.content_chars)?;
        if !self.found.contains_key(&submission.channel) {
            let way = self.look_up(&submission.channel)?;
            self.found.insert(submission.channel.clone(), way);
        }
        let (channel, running, from) = &self.found[&submission.channel];
        let to = address_on(running, channel, &submission.to);
        check_address(&to)?;
        let mut message = NewOutbound {
            id: MessageId::generate(),
            account: self.client.account,
            channel: Some(channel.id),
            service: None,
            to,
            from: from.clone(),
            content: Some(submission.content),
            session_key: None,
            session_event: None,
            in_reply_to: None,
            helper_metadata: Object::new(),
            status: Status::Queued,
            reason: None,
            encoding: None,
            segments: None,
            priority: submission.priority.number(),
            due_at: None,
            expires_at: submission
                .valid_for
                .or_else(|| channel.record.policy.valid_for.map(Duration::from_secs))
                .map(|valid_for| now + valid_for),
            publish: Some(Publish::Free),
        };
        measure(&mut message, running);
        Ok(message)
    }

    fn look_up(&self, name: &str) -> Result<Way<'a>, Problem> {
        let own = |channel: &&ChannelEntry| channel.account == self.client.account && channel.name == name;
        let Some(channel) = self.catalog.channels().find(own) else {
            return Err(("channel", format!("there is no channel {name} in this account")));
        };
        let running = self.runtime.host.get(channel.id);
        let running = running.ok_or_else(|| ("channel", format!("channel {name} does not run")))?;
        if running.description.has_sessions {
            return Err((
                "channel",
                format!("channel {name} only answers: it cannot begin a session"),
            ));
        }
        let own_address = channel.record.address.as_deref();
        let from = own_address.map(|own| address_on(&running, channel, own));
        Ok((channel, running, from))
    }
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks an address as its channel writes it.
pub(crate) fn check_address(to: &Address) -> Result<(), Problem> {
    match to.scheme() == "tel" && !is_number(to.value()) {
        true => Err((
            "to",
            "is not a phone number: digits, best with + and the country's code first".into(),
        )),
        false => Ok(()),
    }
}

/// Checks whom a message is for, and its text.
pub(crate) fn check_texts(to: &str, content: &str, content_chars: usize) -> Result<(), Problem> {
    if to.trim().is_empty() {
        return Err(("to", "must not be empty".into()));
    }
    if to.chars().nth(LONGEST_ADDRESS).is_some() {
        return Err(("to", format!("is longer than {LONGEST_ADDRESS} characters")));
    }
    if content.is_empty() {
        return Err(("content", "must not be empty".into()));
    }
    if content.chars().nth(content_chars).is_some() {
        return Err(("content", format!("is longer than {content_chars} characters")));
    }
    Ok(())
}
