//! The limits and timers of a session (SMPP 3.4 §7.2).

use std::time::Duration;

/// Which side of a session this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one that binds.
    Esme,
    /// The one that is bound to.
    Smsc,
}

/// The limits and timers of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many of our messages may be without an answer.
    pub window: usize,
    /// How many of theirs we take before we answer one; then nothing more is read from the link.
    pub inbound_window: usize,
    /// How long an answer may take, from the moment its request has left.
    pub response_timeout: Duration,
    /// After how long a silence the other side is asked whether it is there.
    pub enquire_after: Duration,
    /// How long a link may be without a session: until the bind, and until its answer.
    pub bind_timeout: Duration,
    /// After how long without a message the session is given up; never when there is none.
    pub inactivity_timeout: Option<Duration>,
    /// How long an unbind waits for answers that are still to come; for its own it then waits no longer, and 5 s at most.
    pub drain_timeout: Duration,
    /// The longest PDU that is read, in octets.
    pub longest_pdu: usize,
}

/// A bind that is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Who answers, at most 15 characters.
    pub system_id: String,
    /// The windows of the session, where they are not those it began with.
    pub windows: Option<Windows>,
}

impl From<&str> for Grant {
    /// With the windows the session began with.
    fn from(system_id: &str) -> Self {
        Self {
            system_id: system_id.to_owned(),
            windows: None,
        }
    }
}

/// How many messages may be without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Of ours.
    pub ours: usize,
    /// Of theirs.
    pub theirs: usize,
}

impl Config {
    /// The windows a session begins with.
    pub fn windows(&self) -> Windows {
        Windows {
            ours: self.window,
            theirs: self.inbound_window,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window: 64,
            inbound_window: 64,
            response_timeout: Duration::from_secs(60),
            enquire_after: Duration::from_secs(30),
            bind_timeout: Duration::from_secs(30),
            inactivity_timeout: None,
            drain_timeout: Duration::from_secs(10),
            // A message_payload of 64 KiB and its fields fit.
            longest_pdu: 70_000,
        }
    }
}
