//! The settings of a `vumi_amqp` channel.

use ngoma_engine::vumi_bus::{BusUrl, ConnectorSettings};
use serde::{Deserialize, Deserializer};

/// ```toml
/// config = { url = "amqp://vumi:drum@mq.example.org/%2fvumi", transport_name = "sms_transport", transport_type = "sms" }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VumiConfig {
    url: BusUrl,
    #[serde(deserialize_with = "ngoma_engine::vumi_bus::name")]
    transport_name: String,
    /// What the transport carries.
    #[serde(default)]
    pub transport_type: Kind,
    #[serde(default, deserialize_with = "optional_name")]
    worker_name: Option<String>,
    #[serde(default, deserialize_with = "optional_name")]
    watch: Option<String>,
}

/// What a transport carries: Vumi's transport types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    #[default]
    Sms,
    Ussd,
    HttpApi,
    Irc,
    Telnet,
    Twitter,
    Xmpp,
    Mxit,
    Wechat,
}

impl Kind {
    /// Vumi's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Ussd => "ussd",
            Self::HttpApi => "http_api",
            Self::Irc => "irc",
            Self::Telnet => "telnet",
            Self::Twitter => "twitter",
            Self::Xmpp => "xmpp",
            Self::Mxit => "mxit",
            Self::Wechat => "wechat",
        }
    }

    /// The schemes of the addresses it carries.
    pub fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Sms | Self::Ussd | Self::HttpApi | Self::Telnet => &["tel"],
            Self::Irc => &["irc"],
            Self::Twitter => &["twitter"],
            Self::Xmpp => &["xmpp", "gtalk"],
            Self::Mxit => &["mxit"],
            Self::Wechat => &["wechat"],
        }
    }
}

impl VumiConfig {
    /// What its place on the bus needs.
    pub fn connector(&self) -> ConnectorSettings {
        ConnectorSettings {
            url: self.url.clone(),
            transport_name: self.transport_name.clone(),
            worker_name: self.worker_name.clone(),
            watch: self.watch.clone(),
        }
    }
}

fn optional_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    ngoma_engine::vumi_bus::name(deserializer).map(Some)
}
