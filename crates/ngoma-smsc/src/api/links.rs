//! `/api/links`: those that are up, and what is done to them.

use super::{Api, Problem, body};
use crate::carrier::Carrier;
use crate::link::{Link, LinkState, Order};
use crate::smsc::order_all;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use ngoma_smpp::pdu::BindMode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is to be done.
///
/// ```json
/// {"do": "half_open", "link": 3}
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// `cut`, `close`, `half_open` or `unbind`.
    #[serde(rename = "do")]
    pub order: Order,
    /// To which link; to all, when nothing is said.
    #[serde(default)]
    pub link: Option<u64>,
}

/// A link as JSON.
#[derive(Serialize)]
struct Shown {
    number: u64,
    state: LinkState,
    peer: String,
    since: String,
    system_id: Option<String>,
    mode: Option<&'static str>,
}

/// Lists them.
pub async fn list_links(State(api): State<Api>) -> Json<Value> {
    Json(all(&api.carrier))
}

/// Does it; says to how many.
pub async fn order_links(State(api): State<Api>, sent: Bytes) -> Result<Json<Value>, Problem> {
    let command: Command = body::read(&sent)?;
    Ok(Json(json!({ "links": command.give(&api.carrier).await? })))
}

impl Command {
    /// Does it; gives to how many.
    pub async fn give(&self, carrier: &Carrier) -> Result<usize, Problem> {
        let links: Vec<Arc<Link>> = match self.link {
            None => carrier.links.all(),
            Some(number) => {
                let link = carrier.links.get(number);
                let missing =
                    || Problem::not_found(format!("link {number} is not up; GET /api/links lists those that are"));
                vec![link.ok_or_else(missing)?]
            }
        };
        Ok(order_all(&links, self.order).await)
    }
}

/// All links as JSON.
pub fn all(carrier: &Carrier) -> Value {
    let links = carrier.links.all();
    json!(links.iter().map(|link| show(link)).collect::<Vec<_>>())
}

fn show(link: &Link) -> Shown {
    Shown {
        number: link.number,
        state: link.state(),
        peer: link.peer.clone(),
        since: link.since.to_string(),
        system_id: link.bind().map(|bind| bind.system_id.clone()),
        mode: link.bind().map(|bind| mode(bind.mode)),
    }
}

/// A bind's mode in the specification's word.
pub fn mode(mode: BindMode) -> &'static str {
    match mode {
        BindMode::Transmitter => "transmitter",
        BindMode::Receiver => "receiver",
        BindMode::Transceiver => "transceiver",
    }
}
