//! SMPP 3.4: the line to a carrier's SMSC.

pub(crate) mod address;
pub(crate) mod as_written;
mod binds;
pub(crate) mod config;
mod errors;
mod fields;
mod incoming;
mod line;
mod link;
mod pace;
mod receipt_form;
pub(crate) mod sessions;
#[cfg(test)]
mod tests;
mod transport;
mod unanswered;
pub(crate) mod user_data;
mod ussd;

use crate::settings;
use config::SmppConfig;
use ngoma_engine::channel::{ChannelContext, ChannelType, Config, ConfigError, Description, Transport};
use transport::SmppTransport;

/// The channel type `smpp`.
pub struct Smpp;

impl ChannelType for Smpp {
    fn code(&self) -> &'static str {
        "smpp"
    }

    fn describe(&self) -> Description {
        Description {
            label: "SMS over SMPP",
            help: "A carrier's SMSC, to which the channel binds: messages, replies and delivery receipts.",
            transport_type: "sms",
            schemes: &["tel"],
            has_sessions: false,
            fields: fields::all(),
        }
    }

    fn describe_as(&self, config: &Config) -> Description {
        let sms = self.describe();
        match settings::read::<SmppConfig>(config) {
            Ok(config) if config.is_ussd() => Description {
                label: "USSD over SMPP",
                transport_type: "ussd",
                has_sessions: true,
                ..sms
            },
            _ => sms,
        }
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        let config: SmppConfig = settings::read(config)?;
        Ok(Box::new(SmppTransport::new(config.settings()?, ctx)))
    }
}
