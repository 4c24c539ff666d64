//! The settings of an `smpp` channel.

use super::address::Numbering;
use super::errors::{Class, Classes, status_of};
use super::link::Place;
use super::receipt_form::ReceiptForm;
use super::user_data::{DataCodings, Long, Texts};
use super::ussd::{Operations, Ussd};
use crate::secret::Secret;
use crate::settings::duration;
use ngoma_engine::channel::ConfigError;
use ngoma_engine::outgoing_http::Reach;
use ngoma_message::text::gsm::Language;
use ngoma_message::text::{self, Coding, Cutting};
use ngoma_smpp::pdu::{Bind, BindMode, SmeAddress};
use ngoma_smpp::receipt::Signs;
use ngoma_smpp::{Config as SessionConfig, INTERFACE_VERSION};
use ngoma_smpp::{tls, tlv};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The port of SMPP (RFC has none; IANA: `smpp`).
const PORT: u16 = 2775;
/// How many binds a channel has at most.
const MOST_BINDS: usize = 32;

/// ```toml
/// config = { hosts = ["smsc.example.org"], system_id = "clinic", password = "drum" }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    hosts: Vec<String>,
    #[serde(default)]
    allow_private: bool,
    #[serde(default)]
    tls: bool,
    #[serde(default)]
    tls_authorities: Option<String>,
    system_id: String,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default)]
    system_type: String,
    #[serde(default)]
    pub bind: BindWish,
    #[serde(default = "one")]
    pub binds: usize,
    #[serde(default)]
    address_range: String,
    #[serde(default)]
    bind_ton: u8,
    #[serde(default)]
    bind_npi: u8,
    #[serde(default)]
    source_ton: Option<u8>,
    #[serde(default)]
    source_npi: Option<u8>,
    #[serde(default)]
    destination_ton: Option<u8>,
    #[serde(default)]
    destination_npi: Option<u8>,
    #[serde(default)]
    pub service_type: String,
    #[serde(default)]
    pub protocol_id: u8,
    #[serde(default)]
    pub priority: u8,
    #[serde(default)]
    pub receipts: ReceiptWish,
    #[serde(default, deserialize_with = "some_duration")]
    pub validity: Option<Duration>,
    #[serde(default)]
    long: Long,
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    transliterate: bool,
    #[serde(default)]
    codings: BTreeMap<String, String>,
    #[serde(default)]
    gsm_data_coding: u8,
    #[serde(default = "eight")]
    ucs2_data_coding: u8,
    #[serde(default)]
    receipt_signs: Option<Vec<Sign>>,
    #[serde(default)]
    receipt_regex: Option<String>,
    #[serde(default)]
    receipt_states: BTreeMap<String, StateMeaning>,
    #[serde(default)]
    errors: BTreeMap<String, Class>,
    #[serde(default = "window")]
    window: usize,
    #[serde(default = "response_timeout", deserialize_with = "duration")]
    response_timeout: Duration,
    #[serde(default = "enquire_after", deserialize_with = "duration")]
    enquire_after: Duration,
    #[serde(default = "reconnect_after", deserialize_with = "duration")]
    pub reconnect_after: Duration,
    #[serde(default)]
    pub make_before_break: bool,
    #[serde(default)]
    pub message_reference: bool,
    #[serde(default)]
    ussd: bool,
    #[serde(default = "ussd_deadline", deserialize_with = "duration")]
    ussd_deadline: Duration,
    #[serde(default = "ussd_fallback")]
    ussd_fallback: String,
    #[serde(default = "ussd_session_tag")]
    ussd_session_tag: u16,
    #[serde(default)]
    ussd_operations: Operations,
}

/// How a channel binds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindWish {
    /// As transceiver.
    #[default]
    Transceiver,
    /// As transmitter: it only sends.
    Transmitter,
    /// As receiver: it only receives.
    Receiver,
    /// As transmitter and as receiver, on two links.
    Pair,
}

impl BindWish {
    /// The modes of the links.
    pub fn modes(self) -> &'static [BindMode] {
        match self {
            Self::Transceiver => &[BindMode::Transceiver],
            Self::Transmitter => &[BindMode::Transmitter],
            Self::Receiver => &[BindMode::Receiver],
            Self::Pair => &[BindMode::Transmitter, BindMode::Receiver],
        }
    }
}

/// Which receipts are asked for (SMPP 3.4 §5.2.17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptWish {
    /// None.
    None,
    /// Of every message's end.
    #[default]
    Final,
    /// Of messages that were not delivered.
    Failures,
    /// Of the end, and of what comes before it.
    All,
}

impl ReceiptWish {
    /// The octet `registered_delivery`.
    pub fn octet(self) -> u8 {
        match self {
            Self::None => 0x00,
            Self::Final => 0x01,
            Self::Failures => 0x02,
            Self::All => 0x11,
        }
    }
}

/// What a carrier's own word in a receipt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateMeaning {
    Pending,
    Delivered,
    Failed,
}

/// By what a receipt is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sign {
    EsmClass,
    Tlvs,
    Text,
}

fn one() -> usize {
    1
}

fn eight() -> u8 {
    8
}

fn window() -> usize {
    64
}

fn response_timeout() -> Duration {
    Duration::from_secs(60)
}

fn enquire_after() -> Duration {
    Duration::from_secs(30)
}

fn reconnect_after() -> Duration {
    Duration::from_secs(1)
}

fn ussd_deadline() -> Duration {
    Duration::from_secs(10)
}

fn ussd_fallback() -> String {
    "We cannot answer now. Please dial again later.".into()
}

fn ussd_session_tag() -> u16 {
    tlv::ITS_SESSION_INFO
}

fn some_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

/// What the parts of the channel take from its settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the carrier is.
    pub place: Place,
    pub texts: Texts,
    pub classes: Classes,
    pub signs: Signs,
    pub receipt_form: ReceiptForm,
    pub session: SessionConfig,
    pub source: Numbering,
    pub destination: Numbering,
    /// Nothing when it carries SMS.
    pub ussd: Option<Ussd>,
    pub config: SmppConfig,
}

impl SmppConfig {
    /// Checks the settings and takes them apart.
    pub fn settings(self) -> Result<Settings, ConfigError> {
        self.check()?;
        Ok(Settings {
            place: self.place()?,
            texts: self.texts()?,
            classes: self.classes()?,
            signs: self.signs(),
            receipt_form: ReceiptForm::new(self.receipt_regex.as_deref())?,
            session: SessionConfig {
                window: self.window,
                inbound_window: self.window,
                response_timeout: self.response_timeout,
                enquire_after: self.enquire_after,
                ..SessionConfig::default()
            },
            source: Numbering {
                ton: self.source_ton,
                npi: self.source_npi,
            },
            destination: Numbering {
                ton: self.destination_ton,
                npi: self.destination_npi,
            },
            ussd: self.ussd.then(|| Ussd {
                operations: self.ussd_operations,
                session_tag: self.ussd_session_tag,
                deadline: self.ussd_deadline,
                fallback: self.ussd_fallback.clone(),
            }),
            config: self,
        })
    }

    /// Whether it carries sessions.
    pub fn is_ussd(&self) -> bool {
        self.ussd
    }

    /// The bind of a link.
    pub fn bind_as(&self, mode: BindMode) -> Bind {
        Bind {
            mode,
            system_id: self.system_id.clone(),
            password: self
                .password
                .as_ref()
                .map(|password| password.reveal().to_owned())
                .unwrap_or_default(),
            system_type: self.system_type.clone(),
            interface_version: INTERFACE_VERSION,
            address_range: SmeAddress {
                ton: self.bind_ton,
                npi: self.bind_npi,
                address: self.address_range.clone(),
            },
        }
    }

    /// What that word in a receipt means, if the carrier says so.
    pub fn meaning(&self, word: &str) -> Option<StateMeaning> {
        let found = self
            .receipt_states
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(word));
        found.map(|(_, meaning)| *meaning)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let longest = [
            ("system_id", self.system_id.as_str(), 15),
            ("password", self.password.as_ref().map_or("", Secret::reveal), 8),
            ("system_type", &self.system_type, 12),
            ("address_range", &self.address_range, 40),
            ("service_type", &self.service_type, 5),
        ];
        for (field, text, most) in longest {
            if text.len() > most || !text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
                return Err(ConfigError::new(
                    field,
                    format!("is at most {most} characters of ASCII"),
                ));
            }
        }
        let numbers = [
            ("binds", self.binds, MOST_BINDS),
            ("window", self.window, 10_000),
            ("hosts", self.hosts.len(), 16),
        ];
        for (field, number, most) in numbers {
            if !(1..=most).contains(&number) {
                return Err(ConfigError::new(field, format!("is from 1 to {most}, not {number}")));
            }
        }
        if self.priority > 3 {
            return Err(ConfigError::new("priority", "is from 0 to 3"));
        }
        let fits = text::measure(&self.ussd_fallback).units <= text::ussd_limit(text::encoding(&self.ussd_fallback));
        match fits {
            true => Ok(()),
            false => Err(ConfigError::new("ussd_fallback", "is longer than a screen")),
        }
    }

    fn place(&self) -> Result<Place, ConfigError> {
        let hosts = self.hosts.iter().map(|host| read_host(host));
        let tls = || tls::Client::new(self.tls_authorities.as_deref());
        let tls = self.tls.then(tls).transpose();
        Ok(Place {
            hosts: hosts.collect::<Result<_, _>>()?,
            reach: match self.allow_private {
                true => Reach::Anywhere,
                false => Reach::PublicOnly,
            },
            tls: tls.map_err(|error| ConfigError::new("tls_authorities", error.to_string()))?,
        })
    }

    fn texts(&self) -> Result<Texts, ConfigError> {
        let language = |code: &String| {
            Language::from_code(code).ok_or_else(|| {
                let known = Language::ALL.map(Language::code).join(", ");
                ConfigError::new("languages", format!("{code:?} has no tables: {known}"))
            })
        };
        let languages = self.languages.iter().map(language).collect::<Result<Vec<_>, _>>()?;
        Ok(Texts {
            long: self.long,
            cutting: Cutting {
                languages,
                has_wide_reference: self.long == Long::UdhWide,
            },
            transliterates: self.transliterate,
            codings: read_codings(&self.codings)?,
            data_codings: DataCodings {
                gsm: self.gsm_data_coding,
                ucs2: self.ucs2_data_coding,
            },
        })
    }

    fn classes(&self) -> Result<Classes, ConfigError> {
        let read = |(text, class): (&String, &Class)| match status_of(text) {
            Some(status) => Ok((status, *class)),
            None => Err(ConfigError::new(
                "errors",
                format!("{text:?} is no status: a name such as ESME_RTHROTTLED, or a number such as 0x58"),
            )),
        };
        self.errors.iter().map(read).collect::<Result<_, _>>().map(Classes)
    }

    fn signs(&self) -> Signs {
        match &self.receipt_signs {
            // Who says how the text is written has nothing else to know it by.
            None => Signs {
                text: self.receipt_regex.is_some(),
                ..Signs::default()
            },
            Some(signs) => Signs {
                esm_class: signs.contains(&Sign::EsmClass),
                tlvs: signs.contains(&Sign::Tlvs),
                text: signs.contains(&Sign::Text),
            },
        }
    }
}

/// What each data_coding means, as a setting says it.
pub(crate) fn read_codings(codings: &BTreeMap<String, String>) -> Result<BTreeMap<u8, Coding>, ConfigError> {
    let problem = |problem| ConfigError::new("codings", problem);
    let read = |(number, name): (&String, &String)| {
        let number = number
            .parse::<u8>()
            .map_err(|_| problem(format!("{number:?} is no data_coding: a number from 0 to 255")))?;
        let coding = Coding::from_name(name).ok_or_else(|| {
            let known = Coding::NAMES.map(|(_, name)| name).join(", ");
            problem(format!("{name:?} is no coding: {known}"))
        })?;
        Ok((number, coding))
    };
    codings.iter().map(read).collect()
}

/// A host with its port: `smsc.example.org`, `smsc.example.org:2776`, `[2001:db8::1]:2775`.
fn read_host(text: &str) -> Result<(String, u16), ConfigError> {
    let problem = || ConfigError::new("hosts", format!("{text:?} is no host, such as smsc.example.org:{PORT}"));
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().map_err(|_| problem())?)
        }
        _ => (text, PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
        true => Err(problem()),
        false => Ok((host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_a_port() {
        let check = |text: &str, expected: Option<(&str, u16)>| {
            let read = read_host(text).ok();
            assert_eq!(read, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        };
        check("smsc.example.org", Some(("smsc.example.org", 2775)));
        check("smsc.example.org:2776", Some(("smsc.example.org", 2776)));
        check("10.0.0.1:1", Some(("10.0.0.1", 1)));
        check("[2001:db8::1]:2776", Some(("2001:db8::1", 2776)));
        check("2001:db8::1", Some(("2001:db8::1", 2775)));
        for wrong in ["", ":2775", "host:port", "host:99999", "smpp://host", "a b"] {
            check(wrong, None);
        }
    }
}
