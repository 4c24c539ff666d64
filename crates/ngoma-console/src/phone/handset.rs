//! All the store knows of one handset.

use crate::phone::Phone;
use crate::phone::lines::{self, Line};
use ngoma_engine::directory::Directory;
use ngoma_engine::{Direction, MessageRecord, SessionRecord, TraceLine};
use ngoma_message::{Address, MessageId};
use ngoma_web::AppError;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many of a person's latest messages are read, per account.
const THREAD_LIMIT: usize = 200;

/// A handset: its number, its messages and its latest session.
pub struct Handset {
    /// Its number.
    pub number: Address,
    /// What exists.
    pub directory: Arc<Directory>,
    /// Its latest messages on every channel the phone reaches, newest last.
    pub messages: Vec<MessageRecord>,
    /// Its latest USSD session and the line it is on.
    pub session: Option<(Line, SessionRecord)>,
}

impl Handset {
    /// Reads a handset from the store.
    pub async fn load(phone: &Phone, number: Address) -> Result<Self, AppError> {
        let directory = phone.store.directory();
        let messages = load_messages(phone, &directory, &number).await?;
        let session = load_session(phone, &directory, &number).await?;
        Ok(Self {
            number,
            directory,
            messages,
            session,
        })
    }

    /// Its session if it goes on and is the one with this key.
    pub fn open_session(&self, key: &str) -> Option<&(Line, SessionRecord)> {
        self.session
            .as_ref()
            .filter(|(_, session)| session.is_open && session.key == key)
    }

    /// The messages of the latest session, oldest first.
    pub fn session_messages(&self) -> impl DoubleEndedIterator<Item = &MessageRecord> {
        let key = self
            .session
            .as_ref()
            .map(|(line, session)| (line, session.key.as_str()));
        self.messages.iter().filter(move |message| {
            key.is_some_and(|(line, key)| {
                message.account == line.account
                    && message.channel == line.channel
                    && message.session_key.as_deref() == Some(key)
            })
        })
    }

    /// The message whose trace is shown: the one asked for, else the last that came in.
    pub fn traced_message(&self, asked: &str) -> Option<&MessageRecord> {
        let chosen = self.messages.iter().find(|message| message.id.as_str() == asked);
        let last = || {
            self.messages
                .iter()
                .rev()
                .find(|message| message.direction == Direction::Inbound)
        };
        chosen.or_else(last)
    }

    /// The answers to a message.
    pub fn answers(&self, id: &MessageId) -> impl Iterator<Item = &MessageRecord> {
        self.messages
            .iter()
            .filter(move |message| message.in_reply_to.as_ref() == Some(id))
    }
}

/// The steps of a message and of its answers.
pub async fn load_trace(phone: &Phone, message: &MessageRecord) -> Result<Vec<TraceLine>, AppError> {
    let mut steps = phone.store.trace(&message.account, &message.id).await?;
    steps.sort_by_key(|step| step.at);
    Ok(steps)
}

async fn load_messages(phone: &Phone, directory: &Directory, number: &Address) -> Result<Vec<MessageRecord>, AppError> {
    let mut messages = Vec::new();
    for account in accounts_of(directory) {
        messages.extend(phone.store.thread(&account, number, THREAD_LIMIT).await?);
    }
    messages.sort_by_key(|message| message.created_at);
    Ok(messages)
}

async fn load_session(
    phone: &Phone,
    directory: &Directory,
    number: &Address,
) -> Result<Option<(Line, SessionRecord)>, AppError> {
    let mut latest: Option<(Line, SessionRecord)> = None;
    for line in lines::ussd_lines(directory) {
        let found = phone.store.latest_session(&line.account, &line.channel, number).await?;
        if let Some(session) = found
            && latest.as_ref().is_none_or(|(_, known)| known.last_at < session.last_at)
        {
            latest = Some((line, session));
        }
    }
    Ok(latest)
}

fn accounts_of(directory: &Directory) -> BTreeSet<String> {
    let lines = [lines::ussd_lines(directory), lines::sms_lines(directory)];
    lines.into_iter().flatten().map(|line| line.account).collect()
}
