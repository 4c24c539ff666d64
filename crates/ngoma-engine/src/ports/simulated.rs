//! The account of a service that runs without one: everything is allowed, and nobody is there yet.

use super::contacts::MemoryContacts;
use super::{AccountPorts, Allowances, MessageCounter, OptOutReader, Totals};
use crate::record::{Direction, OptOutRecord};
use crate::service::PortError;
use async_trait::async_trait;
use ngoma_message::{Address, vumi};
use std::sync::Arc;
use std::time::Duration;

struct Simulated;

impl AccountPorts {
    /// An account where every endpoint has a channel, nobody has opted out, no message was counted and no contact is kept.
    pub fn simulated() -> Self {
        let nobody = Arc::new(Simulated);
        Self {
            allowances: nobody.clone(),
            opt_outs: nobody.clone(),
            messages: nobody,
            contacts: Arc::new(MemoryContacts::default()),
        }
    }
}

impl Allowances for Simulated {
    fn service(&self) -> String {
        "service".to_owned()
    }

    fn manages_opt_outs(&self) -> bool {
        true
    }

    fn helper_metadata(&self) -> Vec<String> {
        Vec::new()
    }

    fn has_endpoint(&self, _endpoint: &str) -> bool {
        true
    }

    fn channel_of_tag(&self, pool: &str, _tag: &str) -> Option<String> {
        Some(pool.to_owned())
    }

    fn has_other_service(&self, name: &str) -> bool {
        name != self.service()
    }

    fn address(&self, vumi_type: &str, value: &str) -> Address {
        vumi::address_of(vumi_type, value, None)
    }
}

#[async_trait]
impl OptOutReader for Simulated {
    async fn get(&self, _address: &Address) -> Result<Option<OptOutRecord>, PortError> {
        Ok(None)
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(0)
    }
}

#[async_trait]
impl MessageCounter for Simulated {
    async fn totals(&self) -> Result<Totals, PortError> {
        Ok(Totals::default())
    }

    async fn rate(&self, _direction: Direction, _during: Duration) -> Result<f64, PortError> {
        Ok(0.0)
    }
}
