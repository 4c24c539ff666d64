//! Who answers on one link: until its bind nobody in particular, then its system.

use super::switchboard::Switchboard;
use super::system::{Place, System};
use async_trait::async_trait;
use ngoma_smpp::pdu::{Bind, BindMode, Operation, ShortMessage};
use ngoma_smpp::{Answer, CommandStatus, Grant, Handler, Refused};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Who Ngoma is to its systems.
const SYSTEM_ID: &str = "ngoma";

/// One link's side of a session.
pub struct Desk {
    switchboard: Arc<Switchboard>,
    from: IpAddr,
    bound: OnceLock<(Place, BindMode)>,
}

impl Desk {
    pub fn new(switchboard: Arc<Switchboard>, from: IpAddr) -> Self {
        Self {
            switchboard,
            from,
            bound: OnceLock::new(),
        }
    }

    /// Whose the link is, and how it is bound, once it is.
    pub fn bound(&self) -> Option<(&Arc<System>, BindMode)> {
        self.bound.get().map(|(place, mode)| (&place.0, *mode))
    }
}

#[async_trait]
impl Handler for Desk {
    async fn take(&self, _: Operation, message: ShortMessage) -> Answer {
        match self.bound() {
            Some((system, _)) => system.submit(&message).await,
            None => Answer::refused(CommandStatus::INVALID_BIND_STATUS),
        }
    }

    async fn bind(&self, bind: &Bind) -> Result<Grant, CommandStatus> {
        let place = self.switchboard.admit(bind, self.from).await?;
        let grant = Grant {
            system_id: SYSTEM_ID.into(),
            windows: Some(place.0.settings.windows),
        };
        // A session is bound once.
        let _ = self.bound.set((place, bind.mode));
        Ok(grant)
    }

    fn refused(&self, refused: &Refused) {
        let system = self.bound().map(|(system, _)| system);
        tracing::warn!(
            account.id = system.map(|system| system.ctx.account.as_str()),
            channel.code = system.map(|system| system.ctx.channel.as_str()),
            from = %self.from,
            command_id = format!("0x{:08X}", refused.command_id),
            answered = refused.status.map(|status| status.to_string()),
            problem = refused.problem,
            pdu = refused.masked_hex(),
            "a system sent what cannot be taken"
        );
    }
}
