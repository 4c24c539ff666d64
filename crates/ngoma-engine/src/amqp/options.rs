//! What can be set about a bus, and the limits that cannot.

use std::time::Duration;

/// How much may wait to be sent or confirmed, in KiB; each publication counts as one more than its body. Calls beyond it
/// wait for room.
pub const WAITING_KIB_MAX: usize = 64 * 1024;

/// The largest body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The longest name of an exchange, a queue, a key or an id; it is AMQP's own limit.
pub const NAME_BYTES_MAX: usize = 255;

/// How much the headers of a publication may hold, names and values together.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;

/// How many calls that declare or ask are made at the same time; further ones wait.
pub(super) const CALLS_MAX: usize = 16;

/// What can be set about a bus.
#[derive(Debug, Clone)]
pub struct BusOptions {
    /// The name of its connections in the broker's tools.
    pub name: String,
    /// How long publishing, declaring and asking wait for the broker.
    pub answer_within: Duration,
    /// How many lanes publications take: channels of their own at the broker. What has the same exchange and routing key
    /// takes the same lane and stays in order; a queue that does not confirm, or a missing exchange, harms its lane only.
    pub lanes: usize,
    /// How many publications of a lane are sent and not yet confirmed.
    pub unconfirmed_max: usize,
    /// How often each side says that it is there. A broker that is silent for twice as long is taken for gone.
    pub heartbeat: Duration,
    /// The wait after the first attempt that failed; it doubles.
    pub reconnect_first: Duration,
    /// The longest wait between attempts.
    pub reconnect_longest: Duration,
    /// How long closing waits for what is unconfirmed and for leases.
    pub drain_within: Duration,
    /// Certificates, in PEM, that an `amqps` broker may be vouched for by, beside those of the system.
    pub authorities: Option<String>,
}

impl Default for BusOptions {
    fn default() -> Self {
        Self {
            name: "ngoma".to_owned(),
            answer_within: Duration::from_secs(10),
            lanes: 64,
            unconfirmed_max: 256,
            heartbeat: Duration::from_secs(10),
            reconnect_first: Duration::from_millis(100),
            reconnect_longest: Duration::from_secs(10),
            drain_within: Duration::from_secs(20),
            authorities: None,
        }
    }
}
