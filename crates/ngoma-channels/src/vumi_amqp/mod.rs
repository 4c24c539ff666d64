//! A channel whose transport is a Vumi or vumi2 worker, on a RabbitMQ that both use: their transport, our services.

mod config;
mod events;
mod messages;
mod transport;
mod wire;

use crate::settings;
use config::{Kind, VumiConfig};
use ngoma_engine::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Description, Field, FieldKind, Transport,
};
use transport::VumiTransport;

/// The channel type `vumi_amqp`.
pub struct VumiAmqp;

impl ChannelType for VumiAmqp {
    fn code(&self) -> &'static str {
        "vumi_amqp"
    }

    fn describe(&self) -> Description {
        describe(Kind::default())
    }

    fn describe_as(&self, config: &Config) -> Description {
        let config: Result<VumiConfig, ConfigError> = settings::read(config);
        describe(config.map(|config| config.transport_type).unwrap_or_default())
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        let config: VumiConfig = settings::read(config)?;
        Ok(Box::new(VumiTransport::new(config, ctx)))
    }
}

fn describe(kind: Kind) -> Description {
    Description {
        label: "Vumi transport",
        help: "A transport of a Vumi or vumi2 installation, reached over the RabbitMQ it works on.",
        transport_type: kind.word(),
        schemes: kind.schemes(),
        has_sessions: kind == Kind::Ussd,
        fields: fields(),
    }
}

fn fields() -> Vec<Field> {
    let text = |name, label, help, required| Field {
        name,
        label,
        help,
        kind: FieldKind::Text,
        required,
    };
    vec![
        Field {
            name: "url",
            label: "Broker",
            help: "Where the RabbitMQ is that the transport works on, such as amqp://vumi:drum@mq.example.org/%2fvumi.",
            kind: FieldKind::Secret,
            required: true,
        },
        text(
            "transport_name",
            "Transport name",
            "The transport's own transport_name, such as sms_transport: its queues are sms_transport.inbound, \
             sms_transport.outbound and sms_transport.event.",
            true,
        ),
        text(
            "transport_type",
            "Transport type",
            "What the transport carries: sms, ussd, http_api, irc, telnet, twitter, xmpp, mxit or wechat. \
             When empty, sms.",
            false,
        ),
        text(
            "worker_name",
            "Worker name",
            "The name under which heartbeats are sent to Vumi's monitor, such as ngoma_sms. When empty, none are.",
            false,
        ),
        text(
            "watch",
            "Watched worker",
            "The transport's worker_name: a warning is logged when its heartbeats stay away for 30 seconds. \
             When empty, none are listened to.",
            false,
        ),
    ]
}

#[cfg(test)]
mod tests;
