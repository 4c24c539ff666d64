//! Who does not want messages of a service's account.

use crate::record::OptOutRecord;
use crate::service::PortError;
use async_trait::async_trait;
use ngoma_message::{Address, MessageId, Timestamp};

/// Reads the committed opt-outs of an account.
#[async_trait]
pub trait OptOutReader: Send + Sync {
    /// Since when a person wants no messages, if that is so.
    async fn get(&self, address: &Address) -> Result<Option<OptOutRecord>, PortError>;
    /// How many people there are; counted up to a million.
    async fn count(&self) -> Result<u64, PortError>;
}

/// One change of a person's wish, to be stored with the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptOutWrite {
    /// No messages of the account any more, but answers to their own. Who is opted out already stays so as before.
    OptOut(OptOutRecord),
    /// Its messages again.
    OptIn {
        /// Who.
        address: Address,
    },
}

impl OptOutWrite {
    /// An opt-out as a service asks for it.
    pub fn opt_out(address: Address, at: Timestamp, message: MessageId) -> Self {
        Self::OptOut(OptOutRecord {
            address,
            at,
            message: Some(message),
        })
    }

    /// Whose wish it is.
    pub fn address(&self) -> &Address {
        match self {
            Self::OptOut(record) => &record.address,
            Self::OptIn { address } => address,
        }
    }
}
