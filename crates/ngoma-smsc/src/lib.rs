//! An SMSC in a box for developers: a carrier that behaves as it is told, with a page, an API and a ledger of every PDU.
//!
//! [`Smsc`] takes links of ESMEs by [`ngoma_smpp`], answers their messages as its [`Behaviour`] says, sends receipts and
//! messages of people, and can cut its links or leave them half-open. What passes by a link is in the ledger, on disk,
//! before it is passed on. [`Smsc::routes`] gives the page and the API, by which all of it can be told.

mod api;
mod behaviour;
mod carrier;
mod desk;
mod dice;
mod ledger;
mod link;
mod links;
mod log;
mod message;
mod page;
mod receipts;
mod smsc;
mod status;
mod text;
mod throttle;

#[cfg(test)]
mod tests;

pub use behaviour::{Base, Behaviour, BindTerms, Failing, Form, Ids, InvalidBehaviour, NextAnswer, ReceiptTerms, When};
pub use carrier::{Counts, Full};
pub use ledger::LedgerError;
pub use link::{LinkState, Order};
pub use log::Log;
pub use message::{Answered, Message, SentReceipt};
pub use smsc::{Settings, Smsc, StartError};
pub use status::Status;
