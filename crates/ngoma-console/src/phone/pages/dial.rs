//! `POST /phone/dial`: the handset dials a code; the network opens a session with the channel that has it.

use crate::phone::lines::find_ussd;
use crate::phone::query::page_address;
use crate::phone::{Phone, lines::Line};
use axum::extract::{Form, State};
use axum::response::Redirect;
use ngoma_message::{Address, MessageId};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the handset sends.
#[derive(Deserialize)]
pub struct Dial {
    /// The handset's number.
    #[serde(default)]
    from: String,
    /// The code in the input line.
    #[serde(default)]
    typed: String,
    /// The code that is dialled when the line is empty, as a phone repeats its last call.
    #[serde(default)]
    again: String,
}

/// Dials.
pub async fn dial(State(phone): State<Phone>, Form(form): Form<Dial>) -> Redirect {
    let number = phone.number(&form.from);
    let typed: String = form.typed.split_whitespace().collect();
    let code = if typed.is_empty() { form.again } else { typed };
    let Some(line) = find_ussd(&phone.store.directory(), &code) else {
        return Redirect::to(&page_address(&number, &[("failed", &code)]));
    };
    let (status, _) = phone.carrier.post(&line.path(), opening(&line, &number, &code)).await;
    if status.is_success() {
        return Redirect::to(&page_address(&number, &[]));
    }
    Redirect::to(&page_address(
        &number,
        &[("failed", &code), ("status", status.as_str())],
    ))
}

/// `{"session_id":"…","from":"+27831234567","to":"*120*8864#","session_event":"new","content":null}`; the whole code is
/// the content when it has digits beyond the channel's own.
fn opening(line: &Line, number: &Address, code: &str) -> Value {
    json!({
        "session_id": MessageId::generate().as_str(),
        "from": number.value(),
        "to": line.address,
        "session_event": "new",
        "content": Some(code).filter(|code| *code != line.address),
    })
}
