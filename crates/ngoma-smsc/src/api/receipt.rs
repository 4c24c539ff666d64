//! `POST /api/receipt`: a receipt by hand, for a message that came or for an id nobody knows.

use super::deliver::{address, receiver};
use super::{Api, Problem, body};
use crate::behaviour::{Form, LONGEST_WORD, check_word};
use crate::carrier::{Carrier, Fate};
use crate::message::Message;
use crate::receipts::{Receipt, is_taken, said};
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use ngoma_message::Timestamp;
use ngoma_smpp::pdu::ShortMessage;
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest id (SMPP 3.4 §5.2.23).
const LONGEST_ID: usize = 64;

/// A receipt by hand.
///
/// ```json
/// {"id": "6699", "state": "UNDELIV", "err": "027"}
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByHand {
    /// The id of the answer; receipts write it as the behaviour says.
    id: String,
    #[serde(default = "delivered")]
    state: String,
    #[serde(default = "no_error")]
    err: String,
    /// As the behaviour says, when nothing is said.
    form: Option<Form>,
    /// Of a message that did not come: who had sent it, and to whom.
    from: Option<String>,
    to: Option<String>,
    link: Option<u64>,
    system_id: Option<String>,
}

fn delivered() -> String {
    "DELIVRD".into()
}

fn no_error() -> String {
    "000".into()
}

/// Sends it once; answers when it is answered.
pub async fn send_receipt(State(api): State<Api>, sent: Bytes) -> Result<Json<Value>, Problem> {
    let by_hand: ByHand = body::read(&sent)?;
    check_word("id", &by_hand.id, LONGEST_ID)?;
    check_word("state", &by_hand.state, LONGEST_WORD)?;
    check_word("err", &by_hand.err, LONGEST_WORD)?;
    let known = api.carrier.messages.find(|message| message.has_id(&by_hand.id));
    let receipt = by_hand.write(&api.carrier, known)?;
    let link = receiver(&api.carrier, by_hand.link, receipt.system_id.as_deref())?;
    let session = link
        .session()
        .ok_or_else(|| Problem::conflict("the link is not bound any more; send it again"))?;
    let outcome = receipt.send_once(&api.carrier, session).await;
    let told = json!({ "link": link.number, "answer": said(&outcome), "taken": is_taken(&outcome) });
    Ok(Json(told))
}

impl ByHand {
    fn write(&self, carrier: &Carrier, known: Option<(u64, Message)>) -> Result<Receipt, Problem> {
        let mut behaviour = carrier.behaviour();
        behaviour.receipts.form = self.form.unwrap_or(behaviour.receipts.form);
        let fate = Fate {
            state: self.state.clone(),
            err: self.err.clone(),
        };
        let (number, about, at, sender) = match known {
            Some((number, message)) => {
                let about = ShortMessage::clone(&message.message);
                (Some(number), about, message.at, Some(message.system_id))
            }
            None => (None, self.unknown()?, Timestamp::now(), None),
        };
        Ok(Receipt {
            about: number,
            link: self.link,
            system_id: self.system_id.clone().or(sender),
            state: self.state.clone(),
            message: Receipt::write(&about, &self.id, at, &fate, &behaviour),
        })
    }

    /// A message that did not come, as far as its receipt tells of it.
    fn unknown(&self) -> Result<ShortMessage, Problem> {
        let read = |field, words: &Option<String>| words.as_deref().map(|words| address(field, words)).transpose();
        Ok(ShortMessage {
            source: read("from", &self.from)?.unwrap_or_default(),
            destination: read("to", &self.to)?.unwrap_or_default(),
            ..ShortMessage::default()
        })
    }
}
