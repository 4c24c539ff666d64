//! A generic JSON SMS channel: messages and receipts are posted to it, and it posts messages to the provider.

mod config;
mod outcome;
mod transport;
mod wire;

use crate::settings;
use config::HttpJsonConfig;
use ngoma_engine::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Description, Field, FieldKind, Transport,
};
use transport::HttpJsonTransport;

/// The channel type `http_json`.
pub struct HttpJson;

impl ChannelType for HttpJson {
    fn code(&self) -> &'static str {
        "http_json"
    }

    fn describe(&self) -> Description {
        Description {
            label: "SMS over HTTP",
            help: "An SMS provider, or a small bridge to one, that posts and takes messages as JSON.",
            transport_type: "sms",
            schemes: &["tel"],
            has_sessions: false,
            fields: fields(),
        }
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        let config: HttpJsonConfig = settings::read(config)?;
        config.check()?;
        Ok(Box::new(HttpJsonTransport::new(config, ctx)))
    }
}

fn fields() -> Vec<Field> {
    vec![
        Field {
            name: "send_url",
            label: "Send URL",
            help: "Where messages are posted to, such as https://sms.example.org/send. \
                   When empty, the channel only receives.",
            kind: FieldKind::Url,
            required: false,
        },
        Field {
            name: "secret",
            label: "Secret",
            help: "What the header X-Ngoma-Secret carries, both ways, such as 3fb1c09e77. \
                   Requests without it are refused; when empty, every request is taken.",
            kind: FieldKind::Secret,
            required: false,
        },
        Field {
            name: "allow_private",
            label: "Allow private networks",
            help: "Whether the send URL may be on a private network or on this machine (true or false). \
                   For development; when empty, false.",
            kind: FieldKind::Flag,
            required: false,
        },
    ]
}

#[cfg(test)]
mod config_tests;
#[cfg(test)]
mod receive_tests;
#[cfg(test)]
mod send_tests;
