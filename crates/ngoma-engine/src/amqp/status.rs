//! How the broker is, as far as this process knows.

use std::fmt;

/// The state of the way to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is a connection and nothing stands in its way.
    Connected,
    /// There is a connection, and the broker takes no messages for this reason (its memory or disk is nearly full). It
    /// still delivers and takes acknowledgements. RabbitMQ says so first when something is published.
    Blocked(String),
    /// There is no connection, for this reason. One is made as soon as the broker can be reached.
    Down(String),
}

impl Status {
    /// Whether messages are taken.
    pub fn is_connected(&self) -> bool {
        *self == Self::Connected
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected => f.write_str("the broker is connected"),
            Self::Blocked(reason) => write!(f, "the broker is blocked: {reason}"),
            Self::Down(reason) => write!(f, "the broker is away: {reason}"),
        }
    }
}
