//! The bus of a Vumi or vumi2 installation, as one of its workers uses it: its exchange, its queues, its JSON, its
//! heartbeats. Both ends are here: a transport's, and an application's.

mod connector;
mod heartbeat;
mod intake;
mod lanes;
mod notes;
mod overhear;
mod peer;
mod settings;
mod transport_status;

pub use connector::{Connector, Line};
pub use intake::{Intake, Taken};
pub use notes::Notes;
pub use peer::Peer;
pub use settings::{BusUrl, ConnectorSettings, name};

/// What Vumi and vumi2 may have in hand of a queue at a time.
const PREFETCH: u16 = 20;
