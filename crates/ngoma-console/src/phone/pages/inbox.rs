//! `POST /phone/inbox`: the carrier's side of outgoing SMS. Takes a message as a provider would, then reports it delivered.

use crate::phone::Phone;
use crate::phone::lines::{Line, find_sms};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ngoma_message::MessageId;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// How long a message is on the air. A receipt sooner than that could overtake the answer it belongs to.
const ON_THE_AIR: Duration = Duration::from_millis(250);

/// `{"message_id":"01a9…","from":"8864","to":"+27831234567","content":"Welcome"}`
#[derive(Deserialize)]
struct OutgoingSms {
    message_id: String,
    from: String,
    #[serde(rename = "to")]
    _to: String,
    #[serde(rename = "content")]
    _content: String,
}

/// Takes an SMS for a handset. The handset's thread is what the engine's store holds, so nothing is kept here.
pub async fn take_sms(State(phone): State<Phone>, body: Bytes) -> Response {
    let sms: OutgoingSms = match serde_json::from_slice(&body) {
        Ok(sms) => sms,
        Err(problem) => return refuse(format!("the body is no message: {problem}")),
    };
    let Some(line) = find_sms(&phone.store.directory(), &sms.from) else {
        return refuse("from: no SMS channel has this address".to_owned());
    };
    let provider_id = format!("phone-{}", MessageId::generate());
    tokio::spawn(report_delivery(phone, line, sms.message_id));
    Json(json!({ "provider_id": provider_id })).into_response()
}

async fn report_delivery(phone: Phone, line: Line, message_id: String) {
    tokio::time::sleep(ON_THE_AIR).await;
    let receipt = json!({ "message_id": message_id, "status": "delivered" });
    let (status, _) = phone.carrier.post(&format!("{}/receipt", line.path()), receipt).await;
    if !status.is_success() {
        tracing::warn!(message.id = %message_id, status = status.as_u16(), "the channel did not take the phone's receipt");
    }
}

fn refuse(problem: String) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": problem }))).into_response()
}
