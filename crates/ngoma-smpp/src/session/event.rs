//! What a session tells its owner.

use super::Ticket;
use crate::CommandStatus;
use crate::pdu::{Bind, BindResponse, MessageResponse, Operation, Outbind, ShortMessage};
use crate::wire::EncodeError;
use bytes::Bytes;

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Our bind was granted.
    Bound(BindResponse),
    /// The other side asks to be bound: grant or refuse it.
    BindRequested(Bind),
    /// The other side asks us to bind.
    Outbind(Outbind),
    /// A message came: answer it, by its number.
    Received {
        /// Its number.
        sequence: u32,
        /// The operation that brought it.
        operation: Operation,
        /// The message.
        message: Box<ShortMessage>,
    },
    /// The last octet of this message of ours has left: from now on it may have been taken.
    Sent(Ticket),
    /// A message of ours was answered.
    Answered {
        /// Which.
        ticket: Ticket,
        /// Whether it was taken.
        status: CommandStatus,
        /// What else was said.
        response: MessageResponse,
    },
    /// No answer came in time: it may have been taken.
    TimedOut(Ticket),
    /// The answer to a message that had timed out.
    AnsweredLate {
        /// Which.
        ticket: Ticket,
        /// Whether it was taken.
        status: CommandStatus,
        /// What else was said.
        response: MessageResponse,
    },
    /// A phone can be reached again (§4.12).
    Alert,
    /// What came could not be read, or was not allowed; it was answered as the specification asks, and the session goes on
    /// unless it ends for another reason.
    Refused {
        /// What the other side was told; nothing for a response.
        status: Option<CommandStatus>,
        /// What is wrong.
        problem: String,
        /// Which operation it was.
        command_id: u32,
        /// What followed its header.
        body: Bytes,
    },
    /// It is over.
    Ended(Ended),
}

/// The end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why it ended.
    pub reason: EndReason,
    /// Messages that did not leave whole: they were not taken.
    pub not_sent: Vec<Ticket>,
    /// Messages that left and were not answered: they may have been taken.
    pub unanswered: Vec<Ticket>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndReason {
    /// We asked for it.
    #[error("it was unbound")]
    Unbound,
    /// They asked for it.
    #[error("the other side unbound")]
    UnboundByPeer,
    /// The bind was refused.
    #[error("the bind was refused: {0}")]
    BindRefused(CommandStatus),
    /// No bind came, or no answer to ours.
    #[error("the bind took too long")]
    BindTimeout,
    /// `enquire_link` was not answered.
    #[error("the other side does not answer any more")]
    NoEcho,
    /// The link takes nothing any more.
    #[error("the link takes nothing any more")]
    Stalled,
    /// The link broke.
    #[error("the link was lost")]
    LinkLost,
    /// What came was no SMPP.
    #[error("what came was no SMPP")]
    NotSmpp,
}

/// Why something was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The session does not carry it now.
    #[error("the session is not bound")]
    NotBound,
    /// As many messages as allowed wait for their answers.
    #[error("the window is full")]
    WindowFull,
    /// It does not fit into a PDU.
    #[error(transparent)]
    Unfit(#[from] EncodeError),
}
