//! A generic JSON USSD gateway: one HTTP request a screen, the answer is the next screen.

mod config;
mod transport;
mod waiting;
mod wire;

use crate::settings;
use config::UssdHttpConfig;
use ngoma_engine::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Description, Field, FieldKind, Transport,
};
use transport::UssdHttpTransport;

/// The channel type `ussd_http`.
pub struct UssdHttp;

impl ChannelType for UssdHttp {
    fn code(&self) -> &'static str {
        "ussd_http"
    }

    fn describe(&self) -> Description {
        Description {
            label: "USSD over HTTP",
            help: "A USSD gateway that posts each of a person's inputs as JSON and shows the answer.",
            transport_type: "ussd",
            schemes: &["tel"],
            has_sessions: true,
            fields: fields(),
        }
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        let config: UssdHttpConfig = settings::read(config)?;
        config.check()?;
        Ok(Box::new(UssdHttpTransport::new(config, ctx)))
    }
}

fn fields() -> Vec<Field> {
    vec![
        Field {
            name: "secret",
            label: "Secret",
            help: "What the gateway sends in the header X-Ngoma-Secret, such as 3fb1c09e77. \
                   Requests without it are refused; when empty, every request is taken.",
            kind: FieldKind::Secret,
            required: false,
        },
        Field {
            name: "deadline",
            label: "Deadline",
            help: "How long a service may take to answer, with its unit (ms, s, m), such as 5s, at most 2m. \
                   Past it the person gets the fallback text. When empty, 5s.",
            kind: FieldKind::Duration,
            required: false,
        },
        Field {
            name: "fallback",
            label: "Fallback text",
            help: "What a person reads when the service is late or fails, at most 160 characters, such as \
                   We cannot answer now. Please dial again later.",
            kind: FieldKind::Text,
            required: false,
        },
    ]
}

#[cfg(test)]
mod config_tests;
#[cfg(test)]
mod deadline_tests;
#[cfg(test)]
mod retry_tests;
#[cfg(test)]
mod turn_tests;
