//! Why the broker did not do what it was asked for.

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

/// A call that failed. The texts never tell the user or the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// There is no such queue or exchange.
    #[error("the broker does not have it: {0}")]
    NotFound(String),
    /// The broker said no.
    #[error("the broker refused it: {0}")]
    Refused(String),
    /// The broker was not there or gave no answer in time.
    #[error("{0}")]
    Away(String),
    /// It cannot be asked for.
    #[error("{0}")]
    Invalid(String),
}

impl From<lapin::Error> for BusError {
    fn from(error: lapin::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            ErrorKind::ProtocolError(said) => match said.kind() {
                AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Self::NotFound(text),
                AMQPErrorKind::Soft(_) => Self::Refused(text),
                AMQPErrorKind::Hard(_) => Self::Away(text),
            },
            _ => Self::Away(text),
        }
    }
}
