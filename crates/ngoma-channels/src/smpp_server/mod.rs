//! The other end of SMPP: an account's own systems bind to Ngoma as to an SMSC.

mod config;
mod deliver;
mod desk;
mod fields;
mod guard;
mod meter;
mod receipt;
mod seldom;
mod submission;
mod switchboard;
mod system;
#[cfg(test)]
mod tests;
mod times;
mod transport;

pub use ngoma_smpp::tls::Server as Tls;
pub use switchboard::{Listening, Switchboard};

use crate::settings;
use config::ServerConfig;
use ngoma_engine::channel::{ChannelContext, ChannelType, Config, ConfigError, Description, Transport};
use std::sync::Arc;
use transport::ServerTransport;

/// The channel type `smpp_server`.
pub struct SmppServer {
    /// Where systems find their channel.
    pub switchboard: Arc<Switchboard>,
}

impl ChannelType for SmppServer {
    fn code(&self) -> &'static str {
        "smpp_server"
    }

    fn describe(&self) -> Description {
        Description {
            label: "Own systems over SMPP",
            help: "A system of your own that binds to Ngoma as to a carrier's SMSC: it sends messages, and gets replies \
                   and delivery receipts.",
            transport_type: "sms",
            schemes: &["tel"],
            has_sessions: false,
            fields: fields::all(),
        }
    }

    fn claims(&self, config: &Config) -> Option<(&'static str, String)> {
        let config: ServerConfig = settings::read(config).ok()?;
        Some(("system_id", config.system_id().to_owned()))
    }

    fn serves_systems(&self) -> bool {
        true
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        let config: ServerConfig = settings::read(config)?;
        let transport = ServerTransport::new(config.settings()?, ctx, Arc::clone(&self.switchboard));
        Ok(Box::new(transport))
    }
}
