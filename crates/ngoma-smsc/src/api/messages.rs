//! `GET /api/messages?after=N&wait=SECONDS&limit=N`: the messages that came, and those that come.

use super::{Api, Problem};
use crate::message::Message;
use crate::{Status, text};
use axum::Json;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use ngoma_smpp::pdu::Operation;
use ngoma_smpp::tlv::Tlvs;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The longest wait, in seconds.
const LONGEST_WAIT: u64 = 60;
/// The most messages at once.
const MOST: usize = 1_000;

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    after: u64,
    wait: u64,
    limit: usize,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            after: 0,
            wait: 0,
            limit: 100,
        }
    }
}

/// Lists them, oldest first. With `wait`, and nothing to list, it answers as soon as one comes.
pub async fn list_messages(
    State(api): State<Api>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Ok(Query(asked)) = asked else {
        let error = format!("say after=NUMBER, wait=SECONDS up to {LONGEST_WAIT}, and limit=NUMBER up to {MOST}");
        return Err(Problem::bad_request(error));
    };
    if asked.wait > LONGEST_WAIT {
        return Err(Problem::field(
            "wait",
            format!("wait at most {LONGEST_WAIT} seconds, and ask again"),
        ));
    }
    if !(1..=MOST).contains(&asked.limit) {
        return Err(Problem::field("limit", format!("say a number from 1 to {MOST}")));
    }
    let messages = &api.carrier.messages;
    let coming = messages.grows_beyond(asked.after);
    let _ = tokio::time::timeout(Duration::from_secs(asked.wait), coming).await;
    let found = messages.after(asked.after, asked.limit);
    let next = found.last().map_or(asked.after, |(number, _)| *number);
    let missed = found.first().map_or(0, |(number, _)| number - asked.after - 1);
    let shown: Vec<Value> = found.iter().map(|(number, message)| show(*number, message)).collect();
    Ok(Json(json!({ "messages": shown, "next": next, "missed": missed })))
}

/// A message as JSON.
fn show(number: u64, message: &Message) -> Value {
    let sent = &message.message;
    let (words, part) = text::read(sent);
    let answer = message.answer.as_ref().map(|answer| {
        json!({
            "at": answer.at.to_string(), "status": Status(answer.status), "id": answer.id, "lost": answer.is_lost,
        })
    });
    json!({
        "number": number,
        "at": message.at.to_string(),
        "link": message.link,
        "system_id": message.system_id,
        "operation": match message.operation {
            Operation::Submit => "submit_sm",
            Operation::Deliver => "deliver_sm",
            Operation::Data => "data_sm",
        },
        "from": text::shown(&sent.source),
        "to": text::shown(&sent.destination),
        "text": words,
        "part": part,
        "data_coding": sent.data_coding,
        "esm_class": sent.esm_class,
        "registered_delivery": sent.registered_delivery,
        "priority": sent.priority,
        "service_type": sent.service_type,
        "validity_period": sent.validity_period,
        "schedule_delivery_time": sent.schedule_delivery_time,
        "source": {"ton": sent.source.ton, "npi": sent.source.npi, "address": sent.source.address},
        "destination": {"ton": sent.destination.ton, "npi": sent.destination.npi, "address": sent.destination.address},
        "tlvs": parameters(&sent.tlvs),
        "hex": text::hex(sent.user_data()),
        "answer": answer,
        "receipts": message.receipts,
    })
}

/// By number; of two of a kind the last.
fn parameters(tlvs: &Tlvs) -> Map<String, Value> {
    let one = |(tag, value): (u16, &bytes::Bytes)| (format!("0x{tag:04X}"), json!(text::hex(value)));
    tlvs.iter().map(one).collect()
}
