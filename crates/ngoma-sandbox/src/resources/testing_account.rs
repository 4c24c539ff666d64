//! The account of a step in tests of resources.

use async_trait::async_trait;
use ngoma_engine::ports::contacts::MemoryContacts;
use ngoma_engine::ports::{AccountPorts, Allowances, MessageCounter, OptOutReader, Totals};
use ngoma_engine::service::PortError;
use ngoma_engine::{Direction, OptOutRecord};
use ngoma_message::{Address, Country, vumi};
use std::sync::Arc;
use std::time::Duration;

/// The account of the service `clinic`, which has the service `people` too, and channels in South Africa.
#[derive(Clone)]
pub struct FakeAccount {
    pub manages_opt_outs: bool,
    pub helper_metadata: Vec<String>,
    pub endpoints: Vec<String>,
    pub opt_outs: Vec<OptOutRecord>,
    pub totals: Totals,
    pub contacts: Arc<MemoryContacts>,
}

impl Default for FakeAccount {
    fn default() -> Self {
        Self {
            manages_opt_outs: false,
            helper_metadata: Vec::new(),
            endpoints: vec!["default".into(), "sms".into()],
            opt_outs: Vec::new(),
            totals: Totals::default(),
            contacts: Arc::new(MemoryContacts::new("clinic")),
        }
    }
}

impl FakeAccount {
    pub fn ports(self) -> AccountPorts {
        let account = Arc::new(self);
        AccountPorts {
            allowances: account.clone(),
            opt_outs: account.clone(),
            contacts: account.contacts.clone(),
            messages: account,
        }
    }
}

impl Allowances for FakeAccount {
    fn service(&self) -> String {
        "clinic".into()
    }

    fn manages_opt_outs(&self) -> bool {
        self.manages_opt_outs
    }

    fn helper_metadata(&self) -> Vec<String> {
        self.helper_metadata.clone()
    }

    fn has_endpoint(&self, endpoint: &str) -> bool {
        self.endpoints.iter().any(|held| held == endpoint)
    }

    fn channel_of_tag(&self, pool: &str, tag: &str) -> Option<String> {
        (tag == "100" && matches!(pool, "sms" | "fake_sms")).then(|| "sms".to_owned())
    }

    fn has_other_service(&self, name: &str) -> bool {
        name == "people"
    }

    fn address(&self, vumi_type: &str, value: &str) -> Address {
        vumi::address_of(vumi_type, value, Country::parse("ZA"))
    }
}

#[async_trait]
impl OptOutReader for FakeAccount {
    async fn get(&self, address: &Address) -> Result<Option<OptOutRecord>, PortError> {
        Ok(self.opt_outs.iter().find(|held| held.address == *address).cloned())
    }

    async fn count(&self) -> Result<u64, PortError> {
        Ok(self.opt_outs.len() as u64)
    }
}

#[async_trait]
impl MessageCounter for FakeAccount {
    async fn totals(&self) -> Result<Totals, PortError> {
        Ok(self.totals)
    }

    /// How many seconds were asked for, below zero for what went out.
    async fn rate(&self, direction: Direction, during: Duration) -> Result<f64, PortError> {
        let sign = if direction == Direction::Inbound { 1.0 } else { -1.0 };
        Ok(sign * during.as_secs_f64())
    }
}
