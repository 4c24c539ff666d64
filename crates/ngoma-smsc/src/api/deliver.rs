//! `POST /api/deliver`: a message of a person, coded and cut into parts, or octets as they are.

use super::{Api, Problem, body};
use crate::carrier::Carrier;
use crate::link::Link;
use crate::links::Receiver;
use crate::receipts::{is_taken, said};
use crate::text;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use ngoma_smpp::pdu::{Operation, ShortMessage, SmeAddress};
use ngoma_smpp::tlv::Tlvs;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most octets of user data: what `short_message` holds (SMPP 3.4 §5.2.22).
const MOST_OCTETS: usize = 254;
/// The most octets of a parameter, so that the PDU can be read.
const MOST_PARAMETER: usize = 60_000;

/// A message of a person.
///
/// ```json
/// {"from": "+27831234567", "to": "8864", "text": "JOIN"}
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delivery {
    /// Who sends it: an international number with its plus, another number, or a name.
    pub from: String,
    /// Whom it is for.
    pub to: String,
    /// Its text.
    pub text: Option<String>,
    /// Its user data, in place of a text.
    pub hex: Option<String>,
    /// How the octets of `hex` are coded.
    pub data_coding: u8,
    /// The class of the message; parts have the bit of their header besides.
    pub esm_class: u8,
    /// `CMT`, `USSD`, …
    pub service_type: String,
    /// Parameters by their numbers, their octets in hexadecimal digits.
    pub tlvs: BTreeMap<String, String>,
    /// The link it goes by; any that is bound, when nothing is said.
    pub link: Option<u64>,
    /// The ESME it goes to; any, when nothing is said.
    pub system_id: Option<String>,
}

/// Sends it; answers when each part is answered.
pub async fn deliver(State(api): State<Api>, sent: Bytes) -> Result<Json<Value>, Problem> {
    let delivery: Delivery = body::read(&sent)?;
    Ok(Json(delivery.send(&api.carrier).await?))
}

impl Delivery {
    /// Sends it; gives what was said to each part.
    pub async fn send(&self, carrier: &Carrier) -> Result<Value, Problem> {
        let parts = self.write(carrier)?;
        let link = receiver(carrier, self.link, self.system_id.as_deref())?;
        let session = link.session().ok_or_else(nobody)?;
        let mut told = Vec::new();
        for part in parts {
            let outcome = session.send(Operation::Deliver, part).await;
            carrier.count(|counts| counts.delivered += 1);
            told.push(json!({ "answer": said(&outcome), "taken": is_taken(&outcome) }));
        }
        Ok(json!({ "link": link.number, "parts": told }))
    }

    fn write(&self, carrier: &Carrier) -> Result<Vec<ShortMessage>, Problem> {
        if self.service_type.len() > 5 || !self.service_type.is_ascii() {
            return Err(Problem::field("service_type", "say at most 5 characters of ASCII"));
        }
        let message = ShortMessage {
            source: address("from", &self.from)?,
            destination: address("to", &self.to)?,
            esm_class: self.esm_class,
            data_coding: self.data_coding,
            service_type: self.service_type.clone(),
            tlvs: parameters(&self.tlvs)?,
            ..ShortMessage::default()
        };
        match (&self.text, &self.hex) {
            (Some(words), None) => text::write(&message, words, carrier.next_reference())
                .ok_or_else(|| Problem::field("text", "it takes more than 255 parts; send less")),
            (None, Some(digits)) => {
                let octets = octets("hex", digits, MOST_OCTETS)?;
                let short_message = octets.into();
                Ok(vec![ShortMessage {
                    short_message,
                    ..message
                }])
            }
            // A session's end may have nothing but parameters.
            (None, None) if !self.tlvs.is_empty() => Ok(vec![message]),
            _ => Err(Problem::bad_request(
                "say what it holds: either text, or hex with data_coding",
            )),
        }
    }
}

/// The link by which something goes to an ESME.
pub fn receiver(carrier: &Carrier, link: Option<u64>, system_id: Option<&str>) -> Result<Arc<Link>, Problem> {
    let found = carrier.links.to(Receiver { link, system_id });
    let found = found.ok_or_else(nobody)?;
    match link {
        Some(wanted) if wanted != found.number => Err(Problem::conflict(format!(
            "link {wanted} is not bound for messages from the carrier; leave it out to send by any link that is"
        ))),
        _ => Ok(found),
    }
}

fn nobody() -> Problem {
    Problem::conflict("nobody is bound who takes messages: bind as a receiver or transceiver, and send it again")
}

/// An address in its field.
pub fn address(field: &str, words: &str) -> Result<SmeAddress, Problem> {
    let address = text::address(words).filter(|_| !words.is_empty());
    address.ok_or_else(|| Problem::field(field, "say a number or a name of 1 to 20 characters of ASCII"))
}

fn octets(field: &str, digits: &str, most: usize) -> Result<Vec<u8>, Problem> {
    let octets = text::from_hex(digits).filter(|octets| octets.len() <= most);
    octets.ok_or_else(|| Problem::field(field, format!("say up to {most} octets, two hexadecimal digits each")))
}

fn parameters(named: &BTreeMap<String, String>) -> Result<Tlvs, Problem> {
    let mut tlvs = Tlvs::default();
    for (name, digits) in named {
        let number = match name.strip_prefix("0x") {
            Some(digits) => u16::from_str_radix(digits, 16).ok(),
            None => name.parse().ok(),
        };
        let number = number.ok_or_else(|| {
            Problem::field(
                "tlvs",
                format!("{name:?} is no parameter's number; say it as \"0x0204\" or \"516\""),
            )
        })?;
        tlvs.push(number, octets(&format!("tlvs.{name}"), digits, MOST_PARAMETER)?);
    }
    match tlvs.length() <= MOST_PARAMETER {
        true => Ok(tlvs),
        false => Err(Problem::field(
            "tlvs",
            format!("say up to {MOST_PARAMETER} octets of all together"),
        )),
    }
}
