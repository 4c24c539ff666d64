//! The settings of an `smpp_server` channel.

use crate::secret::Secret;
use crate::smpp::config::read_codings;
use crate::smpp::user_data::{DataCodings, Long, Texts};
use ipnet::IpNet;
use ngoma_engine::channel::ConfigError;
use ngoma_message::text::Cutting;
use ngoma_smpp::Windows;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// How many binds a system may have at most.
const MOST_BINDS: usize = 64;

/// ```toml
/// config = { system_id = "records", password = "drum", senders = ["8864"] }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    system_id: String,
    password: Secret,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default = "four")]
    binds: usize,
    #[serde(default = "window")]
    window: usize,
    #[serde(default = "window")]
    submit_window: usize,
    #[serde(default)]
    throughput: Option<u32>,
    #[serde(default)]
    senders: Vec<String>,
    #[serde(default)]
    receipts: ReceiptForm,
    #[serde(default)]
    long: Long,
    #[serde(default)]
    codings: BTreeMap<String, String>,
    #[serde(default)]
    gsm_data_coding: u8,
    #[serde(default = "eight")]
    ucs2_data_coding: u8,
}

/// In what form a system is told what became of its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptForm {
    /// As text, and in parameters.
    #[default]
    Both,
    /// As text.
    Text,
    /// In parameters.
    Tlvs,
}

fn four() -> usize {
    4
}

fn window() -> usize {
    64
}

fn eight() -> u8 {
    8
}

/// What the parts of the channel take from its settings.
#[derive(Clone, Debug)]
pub struct Settings {
    pub system_id: String,
    password: Secret,
    /// From where it may bind; from everywhere when there is none.
    allow: Vec<IpNet>,
    pub binds: usize,
    pub windows: Windows,
    /// How many messages it may hand over a second.
    pub throughput: Option<u32>,
    /// Who its messages may be from, beside the address of the channel they go by.
    pub senders: Vec<String>,
    pub receipts: ReceiptForm,
    pub texts: Texts,
}

impl Settings {
    /// Whether a system that binds is the one it says it is.
    pub fn admits(&self, password: &str, from: IpAddr) -> Result<(), &'static str> {
        let is_allowed = self.allow.is_empty() || self.allow.iter().any(|net| net.contains(&from.to_canonical()));
        if !bool::from(password.as_bytes().ct_eq(self.password.reveal().as_bytes())) {
            return Err("the password is wrong");
        }
        is_allowed
            .then_some(())
            .ok_or("its address is not in the setting allow")
    }
}

impl ServerConfig {
    /// The name its system binds with.
    pub fn system_id(&self) -> &str {
        &self.system_id
    }

    /// Checks the settings and takes them apart.
    pub fn settings(self) -> Result<Settings, ConfigError> {
        self.check()?;
        let allow = self.allow.iter().map(|text| read_net(text)).collect::<Result<_, _>>()?;
        Ok(Settings {
            system_id: self.system_id,
            password: self.password,
            allow,
            binds: self.binds,
            windows: Windows {
                ours: self.window,
                theirs: self.submit_window,
            },
            throughput: self.throughput,
            senders: self.senders,
            receipts: self.receipts,
            texts: Texts {
                long: self.long,
                cutting: Cutting {
                    languages: Vec::new(),
                    has_wide_reference: self.long == Long::UdhWide,
                },
                transliterates: false,
                codings: read_codings(&self.codings)?,
                data_codings: DataCodings {
                    gsm: self.gsm_data_coding,
                    ucs2: self.ucs2_data_coding,
                },
            },
        })
    }

    fn check(&self) -> Result<(), ConfigError> {
        for (field, text, most) in [
            ("system_id", self.system_id.as_str(), 15),
            ("password", self.password.reveal(), 8),
        ] {
            if text.is_empty() || text.len() > most || !text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
                let problem = format!("is 1 to {most} characters of ASCII");
                return Err(ConfigError::new(field, problem));
            }
        }
        let numbers = [
            ("binds", self.binds, MOST_BINDS),
            ("window", self.window, 10_000),
            ("submit_window", self.submit_window, 10_000),
            ("throughput", self.throughput.map_or(1, |rate| rate as usize), 100_000),
        ];
        for (field, number, most) in numbers {
            if !(1..=most).contains(&number) {
                return Err(ConfigError::new(field, format!("is from 1 to {most}, not {number}")));
            }
        }
        Ok(())
    }
}

/// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
fn read_net(text: &str) -> Result<IpNet, ConfigError> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
        let problem = format!("{text:?} is no address or network, such as 192.0.2.7 or 192.0.2.0/24");
        ConfigError::new("allow", problem)
    })
}
