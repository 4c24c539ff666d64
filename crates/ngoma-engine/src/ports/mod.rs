//! What a service may ask of its account while a step runs: each port a trait, with an implementation in the store.

mod allowances;
pub mod contacts;
mod hand_overs;
mod message_counts;
mod of_service;
mod opt_outs;
mod simulated;
mod tallies;

pub use allowances::Allowances;
pub use hand_overs::HandOverWrite;
pub use message_counts::{MessageCounter, Totals};
pub use opt_outs::{OptOutReader, OptOutWrite};

pub(crate) use of_service::OfService;
pub(crate) use tallies::Tallies;

use contacts::ContactsPort;
use std::sync::Arc;

/// What a step may ask of the account of its service.
#[derive(Clone)]
pub struct AccountPorts {
    /// What the service may do.
    pub allowances: Arc<dyn Allowances>,
    /// Who does not want messages.
    pub opt_outs: Arc<dyn OptOutReader>,
    /// How many messages the service had.
    pub messages: Arc<dyn MessageCounter>,
    /// The people it keeps, and their groups.
    pub contacts: Arc<dyn ContactsPort>,
}
